#include <fmt/format.h>
#include <unistd.h>

#include "agent/models/local/command.h"
#include "agent/models/local/engine.h"
#include "agent/models/local/engine_install.h"

namespace pareto {
namespace {

EngineCommand llama_server(const std::string& program) {
  return {EngineCommand::Kind::llama_server,
          {program, "--model", "{weights}", "--host", "127.0.0.1", "--port", "{port}", "--ctx-size",
           "{context}", "--parallel", "{slots}", "--threads", "{threads}", "--jinja"}};
}

}  // namespace

const char* to_string(EngineCommand::Kind kind) {
  switch (kind) {
    case EngineCommand::Kind::llama_server:
      return "llama-server";
    case EngineCommand::Kind::wheel:
      return "xllamacpp";
    case EngineCommand::Kind::custom:
      return "custom";
  }
  return "custom";
}

Result<EngineCommand> Engine::locate(const EngineOptions& options) {
  if (!options.llama_server.empty()) {
    const std::string program = find_program(options.llama_server);
    if (!program.empty()) return llama_server(program);
    return fail(
        ErrorCode::not_found,
        fmt::format("the configured engine \"{}\" is not an executable program; correct its "
                    "path, or leave it out and run `pareto models engine install`",
                    options.llama_server));
  }
  const std::string program = find_program("llama-server");
  if (!program.empty()) return llama_server(program);
  const std::string python = engine_python(options.cache_dir);
  if (::access(python.c_str(), X_OK) == 0) {
    // -I: nothing of the caller's Python environment reaches the engine.
    return EngineCommand{
        EngineCommand::Kind::wheel,
        {python, "-I", "{launcher}", "{weights}", "{port}", "{context}", "{slots}", "{threads}"}};
  }
  return fail(ErrorCode::not_found,
              "no engine for local models: expected llama-server on PATH or an installed wheel, "
              "found neither; run `pareto models engine install` (34 MB)");
}

}  // namespace pareto
