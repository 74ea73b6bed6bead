#include "tools/workspace/deciders.h"

#include <algorithm>
#include <array>

namespace pareto {
namespace {

constexpr std::array kNames = std::to_array<std::string_view>(
    {// Python and pytest.
     "conftest.py", "sitecustomize.py", "usercustomize.py", "sitecustomize", "usercustomize",
     "pytest.ini", ".pytest.ini", "tox.ini", "setup.cfg", "pyvenv.cfg", "__pycache__",
     // npm (script-shell, node-options), Mocha and Jest.
     ".npmrc", ".mocharc.js", ".mocharc.cjs", ".mocharc.json", ".mocharc.jsonc", ".mocharc.yaml",
     ".mocharc.yml", "jest.config.js", "jest.config.cjs", "jest.config.mjs", "jest.config.ts",
     "jest.config.json",
     // Cargo (target.runner, rustc-wrapper) and Go.
     ".cargo", "go.work"});

// What can be made anew from sources, or names programs that an installed package plugs in.
constexpr std::array kEndings = std::to_array<std::string_view>(
    {".pth", ".pyc", ".pyo", ".egg-info", ".dist-info", ".egg-link"});

constexpr std::array kGitNames = std::to_array<std::string_view>(
    {"hooks", "config", "config.worktree", "attributes", "commondir", "modules", "worktrees"});

// The top level of Python 3.11's standard library (sys.stdlib_module_names) without what no test
// run imports, and what pytest is made of. Sorted.
constexpr std::array kModules = std::to_array<std::string_view>({"_pytest",
                                                                 "abc",
                                                                 "argparse",
                                                                 "array",
                                                                 "ast",
                                                                 "asynchat",
                                                                 "asyncio",
                                                                 "asyncore",
                                                                 "atexit",
                                                                 "base64",
                                                                 "bdb",
                                                                 "binascii",
                                                                 "bisect",
                                                                 "builtins",
                                                                 "bz2",
                                                                 "cProfile",
                                                                 "calendar",
                                                                 "cmath",
                                                                 "cmd",
                                                                 "code",
                                                                 "codecs",
                                                                 "codeop",
                                                                 "collections",
                                                                 "colorsys",
                                                                 "compileall",
                                                                 "concurrent",
                                                                 "configparser",
                                                                 "contextlib",
                                                                 "contextvars",
                                                                 "copy",
                                                                 "copyreg",
                                                                 "coverage",
                                                                 "csv",
                                                                 "ctypes",
                                                                 "curses",
                                                                 "dataclasses",
                                                                 "datetime",
                                                                 "dbm",
                                                                 "decimal",
                                                                 "difflib",
                                                                 "dis",
                                                                 "distutils",
                                                                 "doctest",
                                                                 "email",
                                                                 "encodings",
                                                                 "enum",
                                                                 "errno",
                                                                 "exceptiongroup",
                                                                 "faulthandler",
                                                                 "fcntl",
                                                                 "filecmp",
                                                                 "fileinput",
                                                                 "fnmatch",
                                                                 "fractions",
                                                                 "ftplib",
                                                                 "functools",
                                                                 "gc",
                                                                 "genericpath",
                                                                 "getopt",
                                                                 "getpass",
                                                                 "gettext",
                                                                 "glob",
                                                                 "graphlib",
                                                                 "grp",
                                                                 "gzip",
                                                                 "hashlib",
                                                                 "heapq",
                                                                 "hmac",
                                                                 "html",
                                                                 "http",
                                                                 "hypothesis",
                                                                 "imaplib",
                                                                 "imp",
                                                                 "importlib",
                                                                 "iniconfig",
                                                                 "inspect",
                                                                 "io",
                                                                 "ipaddress",
                                                                 "itertools",
                                                                 "json",
                                                                 "keyword",
                                                                 "linecache",
                                                                 "locale",
                                                                 "logging",
                                                                 "lzma",
                                                                 "mailbox",
                                                                 "marshal",
                                                                 "math",
                                                                 "mimetypes",
                                                                 "mmap",
                                                                 "modulefinder",
                                                                 "multiprocessing",
                                                                 "netrc",
                                                                 "nose",
                                                                 "ntpath",
                                                                 "nturl2path",
                                                                 "numbers",
                                                                 "opcode",
                                                                 "operator",
                                                                 "optparse",
                                                                 "os",
                                                                 "pathlib",
                                                                 "pdb",
                                                                 "pickle",
                                                                 "pickletools",
                                                                 "pkgutil",
                                                                 "platform",
                                                                 "plistlib",
                                                                 "pluggy",
                                                                 "poplib",
                                                                 "posix",
                                                                 "posixpath",
                                                                 "pprint",
                                                                 "profile",
                                                                 "pstats",
                                                                 "pty",
                                                                 "pwd",
                                                                 "py_compile",
                                                                 "pyclbr",
                                                                 "pydoc",
                                                                 "pyexpat",
                                                                 "pytest",
                                                                 "pytest_asyncio",
                                                                 "queue",
                                                                 "quopri",
                                                                 "random",
                                                                 "re",
                                                                 "readline",
                                                                 "reprlib",
                                                                 "resource",
                                                                 "rlcompleter",
                                                                 "runpy",
                                                                 "sched",
                                                                 "secrets",
                                                                 "select",
                                                                 "selectors",
                                                                 "shelve",
                                                                 "shlex",
                                                                 "shutil",
                                                                 "signal",
                                                                 "site",
                                                                 "smtplib",
                                                                 "socket",
                                                                 "socketserver",
                                                                 "sqlite3",
                                                                 "sre_compile",
                                                                 "sre_constants",
                                                                 "sre_parse",
                                                                 "ssl",
                                                                 "stat",
                                                                 "statistics",
                                                                 "string",
                                                                 "stringprep",
                                                                 "struct",
                                                                 "subprocess",
                                                                 "symtable",
                                                                 "sys",
                                                                 "sysconfig",
                                                                 "syslog",
                                                                 "tabnanny",
                                                                 "tarfile",
                                                                 "tempfile",
                                                                 "termios",
                                                                 "textwrap",
                                                                 "threading",
                                                                 "time",
                                                                 "timeit",
                                                                 "token",
                                                                 "tokenize",
                                                                 "tomli",
                                                                 "tomllib",
                                                                 "trace",
                                                                 "traceback",
                                                                 "tracemalloc",
                                                                 "tty",
                                                                 "types",
                                                                 "typing",
                                                                 "unicodedata",
                                                                 "unittest",
                                                                 "urllib",
                                                                 "uuid",
                                                                 "warnings",
                                                                 "wave",
                                                                 "weakref",
                                                                 "webbrowser",
                                                                 "wsgiref",
                                                                 "xdist",
                                                                 "xml",
                                                                 "xmlrpc",
                                                                 "zipfile",
                                                                 "zipimport",
                                                                 "zlib",
                                                                 "zoneinfo"});
static_assert(std::ranges::is_sorted(kModules));

}  // namespace

bool decides_verdicts(std::string_view name) {
  return std::ranges::find(kNames, name) != kNames.end() ||
         std::ranges::any_of(kEndings, [&](std::string_view end) { return name.ends_with(end); });
}

bool decides_git(std::string_view name) {
  return std::ranges::find(kGitNames, name) != kGitNames.end();
}

std::string module_of(std::string_view name) {
  const std::size_t dot = name.find('.');
  if (dot == std::string_view::npos) return std::string(name);
  const std::string_view ending = name.substr(dot);
  if (ending == ".py" || ending == ".pyc" || ending.ends_with(".so")) {
    return std::string(name.substr(0, dot));
  }
  return "";
}

bool is_runners_module(std::string_view module) {
  return std::ranges::binary_search(kModules, module);
}

bool is_leftover(std::string_view name) {
  return name == "__pycache__" || name == ".git" || name.ends_with(".pyc") ||
         name.ends_with(".pyo") || name.ends_with(".egg-info");
}

}  // namespace pareto
