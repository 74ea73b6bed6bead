#pragma once

#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/ports.h"
#include "tools/schema/schema.h"
#include "tools/tool.h"

namespace pareto {

class Loop;
class WorkerPool;

// The tools of a process, by name: built-in ones, plugins and MCP servers alike.
//
// specs() and invoke() are called on the loop's thread; a call runs on a worker, or on the loop if
// its tool says so, and the handler is called on the loop's thread after invoke has returned.
// Destroying the operation asks the call to stop and drops its result. Calls under way keep their
// tool alive.
class ToolRegistry : public Toolbox {
 public:
  // `loop`, `workers` and `clock` outlive the registry. invalid: two tools of one name, a name that
  // models can't be given ([A-Za-z0-9_-], 64 at most), or a schema that does not compile.
  static Result<std::unique_ptr<ToolRegistry>> make(std::vector<std::shared_ptr<Tool>> tools,
                                                    Loop& loop, WorkerPool& workers,
                                                    const Clock& clock);

  Result<std::vector<ToolSpec>> specs(const Task& task) const override;
  std::unique_ptr<Operation> invoke(Call call,
                                    std::move_only_function<void(ToolResult)> done) override;

  // The same as invoke on the calling thread, which blocks: `pareto tools call` and tests.
  ToolResult call(const Call& call, std::stop_token stop) const;
  // Every tool, sorted by name.
  std::vector<ToolSpec> all() const;
  const ToolSpec* find(std::string_view name) const;

 private:
  struct Entry {
    std::shared_ptr<Tool> tool;
    Schema schema;
  };
  using Entries = std::map<std::string, Entry, std::less<>>;

  ToolRegistry(Entries entries, Loop& loop, WorkerPool& workers, const Clock& clock);
  static std::vector<std::string> names(const Entries& entries);
  static ToolResult perform(const Entries& entries, const Call& call, std::stop_token stop,
                            const Clock& clock);

  std::shared_ptr<const Entries> entries_;
  Loop& loop_;
  WorkerPool& workers_;
  const Clock& clock_;
};

}  // namespace pareto
