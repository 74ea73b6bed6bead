#include "tools/sandbox/machine.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

namespace pareto::sandbox {
namespace {

namespace fs = std::filesystem;

bool runnable(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored) && access(path.c_str(), X_OK) == 0;
}

std::string path_variable() {
  const char* path = std::getenv("PATH");
  return path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin";
}

std::string find_helper() {
  constexpr const char* kName = "pareto-sandbox";
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  if (!error) {
    const fs::path folder = self.parent_path();
    for (const fs::path& path :
         {folder / kName, folder.parent_path() / "libexec" / "pareto" / kName}) {
      if (runnable(path)) return path.string();
    }
  }
  return find_program(kName, path_variable());
}

}  // namespace

std::string find_program(const std::string& name, const std::string& path) {
  std::error_code error;
  if (name.find('/') != std::string::npos) {
    return runnable(name) ? fs::absolute(name, error).string() : std::string();
  }
  std::istringstream folders(path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    // A relative entry would find another program in each folder.
    if (folder.starts_with('/') && runnable(fs::path(folder) / name)) {
      return (fs::path(folder) / name).string();
    }
  }
  return {};
}

Result<Machine> find_machine(const SandboxOptions& options) {
  Machine machine;
  machine.helper =
      options.helper.empty() ? find_helper() : find_program(options.helper, path_variable());
  if (machine.helper.empty()) {
    return fail(ErrorCode::unavailable,
                "the program pareto-sandbox was not found beside this program, in "
                "../libexec/pareto or in PATH; install it again");
  }
  machine.bwrap = find_program(options.bwrap, path_variable());
  machine.disable_userns = true;
  return machine;
}

bool has_all_uids() {
  std::ifstream map("/proc/self/uid_map");
  unsigned inside = 1;
  unsigned outside = 1;
  unsigned count = 0;
  map >> inside >> outside >> count;
  return inside == 0 && outside == 0 && count == 4'294'967'295U;
}

std::string advice_for(const std::string& complaint) {
  const auto says = [&](const char* text) { return complaint.find(text) != std::string::npos; };
  if (says("proc") && (says("not permitted") || says("ermission denied")) && says("mount")) {
    return "the container hides parts of /proc: start it with --security-opt "
           "systempaths=unconfined";
  }
  if (says("namespace") || says("uid map") || says("ermission denied") || says("not permitted") ||
      says("loopback")) {
    return "allow user namespaces: sysctl kernel.unprivileged_userns_clone=1 (Debian), "
           "kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu), user.max_user_namespaces "
           "above "
           "0; in a container: --security-opt seccomp=unconfined --security-opt "
           "apparmor=unconfined";
  }
  return "run `pareto doctor` and see the complaint above";
}

}  // namespace pareto::sandbox
