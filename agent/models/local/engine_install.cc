#include "agent/models/local/engine_install.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>

#include "agent/models/local/command.h"
#include "agent/models/local/file_lock.h"

namespace pareto {
namespace {

namespace fs = std::filesystem;

std::string venv_of(const std::string& cache_dir) { return cache_dir + "/engine/venv"; }

Result<void> step(const std::vector<std::string>& argv, int seconds, const std::string& what) {
  const Result<CommandOutput> done =
      run_command(argv, Deadline::in(std::chrono::seconds(seconds), wall_now()));
  if (!done) return fail(done.error().code, what + ": " + done.error().message);
  if (done->status == 0) return {};
  const std::size_t kept = 600;
  const std::string& output = done->output;
  return fail(ErrorCode::unavailable,
              fmt::format("{} failed with status {}:\n{}", what, done->status,
                          output.size() > kept ? output.substr(output.size() - kept) : output));
}

// The folder that pip makes beside an installed package says its version without running Python.
bool has_package(const fs::path& venv, const EnginePackage& package) {
  std::error_code error;
  const std::string wanted = fmt::format("{}-{}.dist-info", package.package, package.version);
  for (const auto& python : fs::directory_iterator(venv / "lib", error)) {
    if (fs::exists(python.path() / "site-packages" / wanted, error)) return true;
  }
  return false;
}

}  // namespace

std::string engine_python(const std::string& cache_dir) {
  return venv_of(cache_dir) + "/bin/python3";
}

bool engine_installed(const std::string& cache_dir, const EnginePackage& package) {
  return ::access(engine_python(cache_dir).c_str(), X_OK) == 0 &&
         has_package(venv_of(cache_dir), package);
}

Result<void> install_engine(const std::string& cache_dir, const EnginePackage& package,
                            const EngineInstallOptions& options,
                            const std::function<void(const std::string&)>& say) {
  if (engine_installed(cache_dir, package)) return {};
  const fs::path folder = cache_dir + "/engine";
  std::error_code error;
  fs::create_directories(folder, error);
  if (error)
    return fail(ErrorCode::internal,
                fmt::format("can't make {}: {}", folder.string(), error.message()));
  Result<FileLock> lock = FileLock::open((folder / "install.lock").string());
  if (!lock) return std::unexpected(lock.error());
  if (!lock->try_lock(LockMode::exclusive)) {
    return fail(ErrorCode::denied, "another process is installing the engine; wait for it");
  }
  // Built beside the old one and renamed: only bin/python3 is used, which survives a move.
  const std::string fresh = (folder / "venv.new").string();
  fs::remove_all(fresh, error);
  say("making a private Python environment (about 5 s)");
  Result<void> done = step({options.python, "-m", "venv", fresh}, options.seconds,
                           "`python3 -m venv` (Debian package python3-venv)");
  if (!done) return done;
  say(fmt::format("installing {} {} ({} MB, {})", package.package, package.version,
                  package.bytes / 1'000'000, package.licence));
  done = step({fresh + "/bin/python3", "-m", "pip", "install", "--quiet", "--no-deps",
               "--only-binary=:all:", "--no-cache-dir", "--disable-pip-version-check",
               fmt::format("{}=={}", package.package, package.version)},
              options.seconds, "pip install");
  if (!done) return done;
  done = step({fresh + "/bin/python3", "-c", "import " + package.package}, 60,
              "loading the installed engine");
  if (!done) return done;
  fs::remove_all(venv_of(cache_dir), error);
  fs::rename(fresh, venv_of(cache_dir), error);
  if (error)
    return fail(ErrorCode::internal, fmt::format("can't rename {}: {}", fresh, error.message()));
  say("installed in " + venv_of(cache_dir));
  return {};
}

Result<bool> remove_engine(const std::string& cache_dir) {
  std::error_code error;
  const auto removed = fs::remove_all(cache_dir + "/engine", error);
  if (error)
    return fail(ErrorCode::internal, fmt::format("can't remove the engine: {}", error.message()));
  return removed > 0;
}

}  // namespace pareto
