#pragma once

#include <string_view>

namespace pareto {

// Files of this folder, embedded when the program is built.
std::string_view embedded_catalogue();  // catalogue.json
std::string_view embedded_launcher();   // launcher.py
std::string_view embedded_unpack();     // unpack.py

}  // namespace pareto
