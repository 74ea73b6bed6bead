#pragma once

#include <string>
#include <string_view>

#include "agent/io/sse.h"
#include "agent/models/chat_stream.h"

namespace pareto {

// Turns the bytes of a response body, in any cut, into a reply: an event stream, or one JSON object
// from a server that does not stream.
class ChatDecoder {
 public:
  ChatDecoder(ChatBounds bounds, DeltaHandler on_delta);

  // False: the reply is over and nothing more is wanted.
  bool feed(std::string_view bytes);
  void end();
  void end(Error error);

  bool over() const { return stream_.over(); }
  bool started() const { return stream_.started(); }
  ChatReply take() { return stream_.take(); }

 private:
  enum class Form { unknown, events, object };

  void remember(std::string_view bytes);
  void flush_events();

  ChatBounds bounds_;
  ChatStream stream_;
  SseParser events_;
  Form form_ = Form::unknown;
  std::string object_;
  std::string head_;  // how the body began, to be quoted when it makes no sense
};

}  // namespace pareto
