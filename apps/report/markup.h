#pragma once

#include <string>
#include <string_view>

namespace pareto::reporting {

// Untrusted text for the content and the quoted attributes of HTML and XML: & < > " ' are written
// as references; bytes that are no UTF-8, control characters but line ends and tabs, and what XML
// does not allow become U+FFFD; so do marks that turn the direction of the text around them.
std::string escape(std::string_view text);

}  // namespace pareto::reporting
