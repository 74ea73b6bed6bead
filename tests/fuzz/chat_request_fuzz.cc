#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "agent/core/json_text.h"
#include "apps/proxy/chat_request.h"

// Whatever an agent sends: what is passed on names the configured model, within its bounds, and
// reads the same again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const pareto::ChatTarget target{.model = "real-1", .max_output_tokens = 100};
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const auto request = pareto::read_chat_request(body, target);
  if (!request) return 0;
  const auto again = pareto::read_chat_request(request->body, target);
  if (!again || again->body != request->body || again->messages != request->messages) std::abort();
  if (again->asked_model != "real-1" || again->max_output_tokens > request->max_output_tokens) {
    std::abort();
  }
  return 0;
}
