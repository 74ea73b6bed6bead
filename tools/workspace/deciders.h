#pragma once

#include <string>
#include <string_view>

namespace pareto {

// By which files can a workspace decide the verdict of its own tests without passing them? Those
// that run, or say what runs, although no test and no command names them. Only names are looked at.

// A file or folder of this name takes effect by lying there: conftest.py, *.pth, pytest.ini,
// __pycache__, .npmrc, .cargo, ...
bool decides_verdicts(std::string_view name);

// A file or folder of this name inside of a .git folder does: hooks, config, ...
bool decides_git(std::string_view name);

// The Python module that a file or folder of this name is imported as: "json" for json.py,
// json.pyc, json.cpython-311-x86_64-linux-gnu.so and json; empty when it is none.
std::string module_of(std::string_view name);

// Whether tests import a module of this name, or what they import does, and mean Python's own or a
// test runner's: one that lies beside a test would be taken in its place.
bool is_runners_module(std::string_view module);

// What tools leave behind; not worth a word when it is removed.
bool is_leftover(std::string_view name);

}  // namespace pareto
