#include "tools/plugin/c_plugin.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <filesystem>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "agent/core/json_text.h"
#include "agent/io/descriptor.h"
#include "tools/builtin/builtin_tool.h"
#include "tools/digest.h"
#include "tools/plugin/described.h"
#include "tools/plugin/pareto_plugin.h"
#include "tools/workspace/folder.h"

// The host's side of the opaque type.
struct pareto_call {
  std::stop_token stop;
  std::string workspace;
  std::atomic<bool> late = false;
};

namespace pareto {
namespace {

constexpr const char* kEntry = "pareto_plugin_v1";

// What a plugin can hold on to for the life of the process.
struct Loaded {
  pareto_host host{};  // first: the plugin's pointer to it leads back here
  pareto_plugin plugin{};
  CPluginOptions options;
  std::atomic<bool> stuck = false;
};

// A library is loaded for the life of the process, and may use its host as long.
void keep_for_good(std::shared_ptr<Loaded> loaded) {
  static std::mutex mutex;
  static auto* kept = new std::vector<std::shared_ptr<Loaded>>;
  const std::scoped_lock lock(mutex);
  kept->push_back(std::move(loaded));
}

void host_log(const pareto_host* host, int32_t level, pareto_text text) {
  const auto* loaded = reinterpret_cast<const Loaded*>(host);
  if (loaded->options.log && text.data != nullptr) {
    loaded->options.log(level,
                        std::string_view(text.data, std::min<std::size_t>(text.size, 4'096)));
  }
}

int32_t host_cancelled(const pareto_call* call) {
  return call->stop.stop_requested() || call->late.load() ? 1 : 0;
}

pareto_text host_workspace(const pareto_call* call) {
  return {call->workspace.data(), call->workspace.size()};
}

// Whether `plugin` is large enough to have the field that ends at `end`.
bool reaches(const pareto_plugin& plugin, std::size_t end) { return plugin.size >= end; }

// Copies what the plugin handed over, and gives it back.
Result<std::string> take(pareto_buffer& buffer) {
  Result<std::string> text;
  if (buffer.size > kMaxPluginBytes) {
    text = fail(ErrorCode::protocol,
                fmt::format("expected at most {} bytes; found {}", kMaxPluginBytes, buffer.size));
  } else if (buffer.data == nullptr && buffer.size > 0) {
    text = fail(ErrorCode::protocol, "expected a text; found a null pointer");
  } else if (buffer.data != nullptr) {
    text = std::string(buffer.data, buffer.size);
  }
  if (buffer.release != nullptr) buffer.release(&buffer);
  return text;
}

// A call that may outlive its caller.
struct Pending {
  std::shared_ptr<Loaded> loaded;
  std::string tool;
  std::string arguments;
  pareto_call call;
  std::mutex mutex;
  std::condition_variable ended;
  std::optional<Result<std::string>> reply;
};

void perform(const std::shared_ptr<Pending>& pending) {
  pareto_buffer out{};
  const pareto_plugin& plugin = pending->loaded->plugin;
  Result<std::string> reply;
  try {
    const int32_t code =
        plugin.call(plugin.self, {pending->tool.data(), pending->tool.size()},
                    {pending->arguments.data(), pending->arguments.size()}, &pending->call, &out);
    reply = code == PARETO_OK ? take(out)
                              : fail(ErrorCode::protocol, fmt::format("it failed with {}", code));
  } catch (...) {
    reply = fail(ErrorCode::protocol, "it threw an exception");
  }
  const std::scoped_lock lock(pending->mutex);
  pending->reply = std::move(reply);
  pending->ended.notify_all();
}

class CTool : public BuiltinTool {
 public:
  CTool(ToolSpec spec, std::shared_ptr<Loaded> loaded)
      : BuiltinTool(std::move(spec)), loaded_(std::move(loaded)) {}

  bool offered(const Task&) const override { return true; }

  ToolResult call(const Json& arguments, const ToolContext& context) override {
    if (loaded_->stuck) {
      return tool_error(fmt::format("The plugin {} hangs and is not called again. Try another way.",
                                    loaded_->options.name));
    }
    auto pending = std::make_shared<Pending>();
    pending->loaded = loaded_;
    pending->tool = spec().name;
    pending->arguments = dump_json(arguments);
    pending->call.stop = context.stop;
    pending->call.workspace = context.workspace;
    std::thread([pending] { perform(pending); }).detach();
    return wait_for(*pending, context);
  }

 private:
  ToolResult wait_for(Pending& pending, const ToolContext& context) {
    constexpr Milliseconds kGrace{200};
    const Milliseconds left = context.deadline.left(context.clock.now());
    std::stop_callback wake(context.stop, [&pending] {
      const std::scoped_lock held(pending.mutex);
      pending.ended.notify_all();
    });
    std::unique_lock lock(pending.mutex);
    const auto over = [&] { return pending.reply || context.stop.stop_requested(); };
    pending.ended.wait_for(lock, left, over);
    if (!pending.reply) {
      pending.call.late = true;
      pending.ended.wait_for(lock, kGrace, [&] { return pending.reply.has_value(); });
    }
    if (!pending.reply) {
      loaded_->stuck = true;
      return {.status = ResultStatus::timed_out,
              .text = fmt::format("{} did not end in time.", spec().name)};
    }
    if (pending.call.late) {
      const bool cancelled = context.stop.stop_requested();
      return {.status = cancelled ? ResultStatus::cancelled : ResultStatus::timed_out,
              .text = cancelled ? "Cancelled." : fmt::format("{} took too long.", spec().name)};
    }
    auto result = *pending.reply ? read_reply(**pending.reply)
                                 : Result<ToolResult>(std::unexpected(pending.reply->error()));
    if (result) return std::move(*result);
    return tool_error(fmt::format("{} answered what makes no sense: {}. Try another way.",
                                  spec().name, result.error().message));
  }

  std::shared_ptr<Loaded> loaded_;
};

using Checked = Result<Descriptor>;

// The library, opened, after everything that can be said against it.
Checked open_library(const CPluginOptions& options) {
  const auto refuse = [&options](ErrorCode code, std::string_view why) {
    return fail(code, fmt::format("plugin {} ({}): {}", options.name, options.library, why));
  };
  if (!std::filesystem::path(options.library).is_absolute()) {
    return refuse(ErrorCode::invalid, "expected an absolute path");
  }
  Descriptor file(::open(options.library.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info = {};
  if (!file.open() || ::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return refuse(ErrorCode::not_found, "there is no such file");
  }
  if (info.st_uid != 0 && info.st_uid != ::geteuid()) {
    return refuse(ErrorCode::denied, "it belongs to another user; chown it to root or to yourself");
  }
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return refuse(ErrorCode::denied, "others may write to it; chmod go-w it");
  }
  if (options.sha256.empty()) return file;
  // By its descriptor, so that what is compared is what will be loaded.
  auto found = sha256_file(fmt::format("/proc/self/fd/{}", file.get()));
  if (!found || *found != options.sha256) {
    return refuse(ErrorCode::denied, fmt::format("expected SHA-256 {}; found {}", options.sha256,
                                                 found.value_or("nothing")));
  }
  return file;
}

// Lets the plugin fill in what it offers, and checks that it is enough.
Result<void> start(Loaded& loaded, decltype(&pareto_plugin_v1) entry) {
  loaded.host = {.size = sizeof(pareto_host),
                 .abi_major = PARETO_ABI_MAJOR,
                 .abi_minor = PARETO_ABI_MINOR,
                 .log = host_log,
                 .cancelled = host_cancelled,
                 .workspace = host_workspace};
  pareto_plugin& plugin = loaded.plugin;
  plugin.size = sizeof(pareto_plugin);
  if (const int32_t code = entry(&loaded.host, &plugin); code != PARETO_OK) {
    return fail(ErrorCode::protocol, fmt::format("it refused to start ({})", code));
  }
  if (plugin.abi_major != PARETO_ABI_MAJOR) {
    return fail(ErrorCode::protocol, fmt::format("it speaks ABI {}; {} is expected",
                                                 plugin.abi_major, PARETO_ABI_MAJOR));
  }
  const bool complete = reaches(plugin, offsetof(pareto_plugin, call) + sizeof plugin.call) &&
                        plugin.describe != nullptr && plugin.call != nullptr;
  if (!complete) return fail(ErrorCode::protocol, "it has no describe or no call");
  return {};
}

Result<std::vector<ToolSpec>> describe(const pareto_plugin& plugin) {
  pareto_buffer out{};
  if (plugin.describe(plugin.self, &out) != PARETO_OK) {
    return fail(ErrorCode::protocol, "its describe failed");
  }
  auto text = take(out);
  if (!text) return std::unexpected(text.error());
  return read_described(*text);
}

}  // namespace

Result<std::vector<std::shared_ptr<Tool>>> load_c_plugin(const CPluginOptions& options) {
  const auto wrong = [&options](std::string_view why) {
    return fail(ErrorCode::protocol,
                fmt::format("plugin {} ({}): {}", options.name, options.library, why));
  };
  auto file = open_library(options);
  if (!file) return std::unexpected(file.error());
  const std::string path = fmt::format("/proc/self/fd/{}", file->get());
  void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return wrong(fmt::format("can't be loaded: {}", ::dlerror()));
  // The descriptor stays open with the library, as its number is the name that the loader knows the
  // library by.
  file->release();
  auto* entry = reinterpret_cast<decltype(&pareto_plugin_v1)>(::dlsym(library, kEntry));
  if (entry == nullptr) return wrong(fmt::format("it exports no {}", kEntry));
  auto loaded = std::make_shared<Loaded>();
  keep_for_good(loaded);
  loaded->options = options;
  if (auto started = start(*loaded, entry); !started) return wrong(started.error().message);
  auto specs = describe(loaded->plugin);
  if (!specs) return wrong(specs.error().message);
  std::vector<std::shared_ptr<Tool>> tools;
  for (ToolSpec& spec : *specs) tools.push_back(std::make_shared<CTool>(std::move(spec), loaded));
  return tools;
}

}  // namespace pareto
