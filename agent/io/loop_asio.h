#pragma once

#include <boost/asio/io_context.hpp>

#include "agent/io/loop.h"

namespace pareto {

// The Asio context below a loop, for code that speaks Asio or Beast itself. Include it in .cc files
// only: it is slow to compile.
boost::asio::io_context& context(Loop& loop);

}  // namespace pareto
