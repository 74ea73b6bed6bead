#include "tests/agent/models/hostile_streams.h"

namespace pareto {
namespace {

using Streams = std::vector<HostileStream>;

std::string event(const std::string& payload) { return "data: " + payload + "\n\n"; }

std::string delta(const std::string& members, const std::string& more = "") {
  return event(R"({"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{)" +
               members + "}" + more + "}]}");
}

std::string text(const std::string& escaped) { return delta(R"("content":")" + escaped + "\""); }

std::string finish(const std::string& reason) {
  return delta("", R"(,"finish_reason":")" + reason + "\"");
}

std::string call(const std::string& members) {
  return delta(R"("tool_calls":[{)" + members + "}]");
}

const std::string kDone = "data: [DONE]\n\n";
const std::string kUsage =
    event(R"({"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":4,"total_tokens":13}})");
const Usage kUsed{.prompt_tokens = 9, .completion_tokens = 4};

StreamOutcome said(std::string words, std::optional<Usage> usage = kUsed) {
  return {.text = std::move(words), .finish_reason = FinishReason::stop, .usage = usage};
}

StreamOutcome called(std::vector<ToolCall> calls) {
  return {
      .tool_calls = std::move(calls), .finish_reason = FinishReason::tool_calls, .usage = kUsed};
}

std::string with_line_ends(std::string bytes, const std::string& line_end) {
  std::string out;
  for (const char c : bytes) out += c == '\n' ? line_end : std::string(1, c);
  return out;
}

void add_framing(Streams& out) {
  const std::string plain = text("Hello") + text(" world") + finish("stop") + kUsage + kDone;
  out.push_back({"plain", plain, said("Hello world")});
  out.push_back({"lines end in CRLF", with_line_ends(plain, "\r\n"), said("Hello world")});
  out.push_back({"lines end in CR", with_line_ends(plain, "\r"), said("Hello world")});
  out.push_back({"byte order mark", "\xEF\xBB\xBF" + plain, said("Hello world")});
  out.push_back({"comments and unknown fields",
                 ": keep-alive\n\n:\nfoo: bar\nid: 7\nretry: 10\n" + text("Hello") +
                     ": OPENROUTER PROCESSING\n\n" + text(" world") + finish("stop") + kUsage +
                     kDone,
                 said("Hello world")});
  out.push_back({"no space behind the colon",
                 "data:{\"choices\":[{\"delta\":{\"content\":\"Hi\"},\"finish_reason\":\"stop\"}]}"
                 "\n\ndata:[DONE]\n\n",
                 said("Hi", std::nullopt)});
  out.push_back({"a payload over several data lines",
                 "data: {\"choices\":[{\"delta\":\ndata: {\"content\":\"Hi\"},\n"
                 "data: \"finish_reason\":\"stop\"}]}\n\n" +
                     kDone,
                 said("Hi", std::nullopt)});
  out.push_back({"events behind [DONE] are not read",
                 text("Hi") + finish("stop") + kDone + text(" again") + "data: {broken\n\n",
                 said("Hi", std::nullopt)});
  out.push_back({"no [DONE]", text("Hi") + finish("stop") + kUsage, said("Hi")});
  out.push_back({"the last event lacks its blank line",
                 text("Hi") + "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}",
                 said("Hi", std::nullopt)});
  out.push_back(
      {"no finish reason but [DONE]", text("Hi") + kUsage + kDone, {.text = "Hi", .usage = kUsed}});
  out.push_back({"a role chunk with null content",
                 delta(R"("role":"assistant","content":null,"tool_calls":null,"refusal":null)",
                       R"(,"finish_reason":null,"logprobs":null)") +
                     text("Hi") + finish("stop") + kDone,
                 said("Hi", std::nullopt)});
  out.push_back({"a giant line", text(std::string(60'000, 'x')) + finish("stop") + kDone,
                 said(std::string(60'000, 'x'), std::nullopt)});
}

void add_text(Streams& out) {
  const std::string end = finish("stop") + kDone;
  out.push_back({"UTF-8 in one piece", text("Gr\xC3\xBC\xC3\x9F \xF0\x9F\x98\x80") + end,
                 said("Gr\xC3\xBC\xC3\x9F \xF0\x9F\x98\x80", std::nullopt)});
  out.push_back({"a character cut between chunks",
                 text("\xF0\x9F") + text("\x98") + text("\x80!") + end,
                 said("\xF0\x9F\x98\x80!", std::nullopt)});
  out.push_back({"surrogates cut between chunks", text(R"(\ud83d)") + text(R"(\ude00!)") + end,
                 said("\xF0\x9F\x98\x80!", std::nullopt)});
  out.push_back({"a lone surrogate", text(R"(a\ud83d)") + text("b") + end,
                 said("a\xEF\xBF\xBD"
                      "b",
                      std::nullopt)});
  out.push_back({"bytes that are no UTF-8",
                 text("a\xFF\xC0\xAF"
                      "b\xE2\x82") +
                     end,
                 said("a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"
                      "b\xEF\xBF\xBD",
                      std::nullopt)});
  out.push_back({"escapes", text(R"(\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00\u0000)") + end,
                 said(std::string("\"\\/\b\f\n\r\t\xC3\xA9\xF0\x9F\x98\x80\0", 15), std::nullopt)});
  out.push_back({"escaped keys",
                 event(R"({"ch\u006fices":[{"d\u0065lta":{"cont\u0065nt":"Hi"}}]})") + end,
                 said("Hi", std::nullopt)});
  out.push_back({"reasoning_content",
                 delta(R"("reasoning_content":"Let me ")") +
                     delta(R"("reasoning_content":"see.")") + text("Hi") + end,
                 {.text = "Hi", .reasoning = "Let me see.", .finish_reason = FinishReason::stop}});
  out.push_back({"reasoning",
                 delta(R"("content":"","reasoning":"Hm.")") + text("Hi") + end,
                 {.text = "Hi", .reasoning = "Hm.", .finish_reason = FinishReason::stop}});
  out.push_back(
      {"content as a list of parts",
       delta(R"("content":[{"type":"text","text":"He"},{"type":"text","text":"llo"},7])") + end,
       said("Hello", std::nullopt)});
  out.push_back({"a refusal",
                 delta(R"("refusal":"I can't ")") + delta(R"("refusal":"help.")") + end,
                 {.refusal = "I can't help.", .finish_reason = FinishReason::stop}});
  out.push_back({"content filter",
                 text("So") + finish("content_filter") + kDone,
                 {.text = "So", .finish_reason = FinishReason::refusal}});
  out.push_back({"an unknown finish reason",
                 text("So") + finish("tired") + kDone,
                 {.text = "So", .finish_reason = FinishReason::unknown}});
  out.push_back({"cut by max_tokens",
                 text("So") + finish("length") + kDone,
                 {.text = "So", .finish_reason = FinishReason::length}});
  out.push_back({"an empty reply with a finish reason", end, said("", std::nullopt)});
}

void add_calls(Streams& out) {
  const std::string end = finish("tool_calls") + kUsage + kDone;
  const ToolCall view{"c1", "view", R"({"path":"a"})"};
  const ToolCall edit{"c2", "edit", R"({"path":"b"})"};
  const std::string rest = call(R"("index":0,"function":{"arguments":"{\"path\""})") +
                           call(R"("index":0,"function":{"arguments":":\"a\"}"})");
  out.push_back(
      {"a call in pieces",
       call(R"("index":0,"id":"c1","type":"function","function":{"name":"view","arguments":""})") +
           rest + end,
       called({view})});
  out.push_back({"empty type and no first arguments",
                 call(R"("index":0,"id":"c1","type":"","function":{"name":"view"})") + rest + end,
                 called({view})});
  out.push_back(
      {"null arguments, id and name repeated",
       call(R"("index":0,"id":"c1","function":{"name":"view","arguments":null})") +
           call(R"("index":0,"id":"c1","function":{"name":"view","arguments":"{\"path\""})") +
           call(R"("index":0,"id":"","function":{"name":"","arguments":":\"a\"}"})") + end,
       called({view})});
  out.push_back({"a name in pieces",
                 call(R"("index":0,"id":"c1","function":{"name":"vi"})") +
                     call(R"("index":0,"function":{"name":"ew"})") + rest + end,
                 called({view})});
  out.push_back(
      {"two calls interleaved",
       call(R"("index":0,"id":"c1","function":{"name":"view","arguments":"{\"path\":"})") +
           call(R"("index":1,"id":"c2","function":{"name":"edit","arguments":"{\"path\":"})") +
           call(R"("index":0,"function":{"arguments":"\"a\"}"})") +
           call(R"("index":1,"function":{"arguments":"\"b\"}"})") + end,
       called({view, edit})});
  out.push_back({"two calls without index",
                 call(R"("id":"c1","function":{"name":"view","arguments":"{\"path\":"})") +
                     call(R"("function":{"arguments":"\"a\"}"})") +
                     call(R"("id":"c2","function":{"name":"edit","arguments":"{\"path\":"})") +
                     call(R"("id":"c2","function":{"arguments":"\"b\"}"})") + end,
                 called({view, edit})});
  out.push_back({"two calls without index and id",
                 call(R"("function":{"name":"view","arguments":"{\"path\":\"a\"}"})") +
                     call(R"("function":{"name":"edit","arguments":"{\"path\":\"b\"}"})") + end,
                 called({{"", "view", view.arguments}, {"", "edit", edit.arguments}})});
  out.push_back(
      {"two calls that share the index 0",
       call(R"("index":0,"id":"c1","function":{"name":"view","arguments":"{\"path\":\"a\"}"})") +
           call(R"("index":0,"id":"c2","function":{"name":"edit","arguments":"{\"path\""})") +
           call(R"("index":0,"function":{"arguments":":\"b\"}"})") + end,
       called({view, edit})});
  out.push_back(
      {"two calls in one chunk, from index 1",
       delta(
           R"("tool_calls":[{"index":1,"id":"c1","function":{"name":"view","arguments":"{\"path\":\"a\"}"}},)"
           R"({"index":2,"id":"c2","function":{"name":"edit","arguments":"{\"path\":\"b\"}"}}])") +
           end,
       called({view, edit})});
  out.push_back(
      {"arguments as an object",
       call(R"("index":0,"id":"c1","function":{"name":"view","arguments":{"path":"a"}})") + end,
       called({view})});
  out.push_back(
      {"a call and finish reason stop",
       call(R"("index":0,"id":"c1","function":{"name":"view","arguments":"{\"path\":\"a\"}"})") +
           finish("stop") + kDone,
       {.tool_calls = {view}, .finish_reason = FinishReason::stop}});
  out.push_back({"arguments cut by max_tokens",
                 call(R"("index":0,"id":"c1","function":{"name":"view","arguments":"{\"pa"})") +
                     finish("length") + kDone,
                 {.tool_calls = {{"c1", "view", "{\"pa"}}, .finish_reason = FinishReason::length}});
  std::string many;
  for (int i = 0; i < 200; ++i) {
    many += call("\"index\":" + std::to_string(i) + R"(,"function":{"name":"f","arguments":"{}"})");
  }
  StreamOutcome cut{.error = ErrorCode::limit};
  cut.tool_calls.assign(128, {"", "f", "{}"});
  out.push_back({"endless calls", many + end, cut});
}

void add_usage(Streams& out) {
  const auto with = [&out](std::string name, const std::string& usage, Usage expected) {
    out.push_back({std::move(name), text("Hi") + finish("stop") + event(usage) + kDone,
                   said("Hi", expected)});
  };
  with("cached and reasoning tokens",
       R"({"choices":[],"usage":{"prompt_tokens":100,"completion_tokens":50,"total_tokens":150,)"
       R"("prompt_tokens_details":{"cached_tokens":80,"audio_tokens":0,"cache_write_tokens":5},)"
       R"("completion_tokens_details":{"reasoning_tokens":30}}})",
       {.prompt_tokens = 100,
        .cached_prompt_tokens = 80,
        .cache_write_tokens = 5,
        .completion_tokens = 50,
        .reasoning_tokens = 30});
  with("reasoning beside the completion",
       R"({"choices":[],"usage":{"prompt_tokens":100,"completion_tokens":50,"total_tokens":180,)"
       R"("completion_tokens_details":{"reasoning_tokens":30}}})",
       {.prompt_tokens = 100, .completion_tokens = 80, .reasoning_tokens = 30});
  with(
      "DeepSeek's cache hits",
      R"({"choices":[],"usage":{"prompt_tokens":100,"completion_tokens":5,)"
      R"("prompt_cache_hit_tokens":64,"prompt_cache_miss_tokens":36,"prompt_tokens_details":null}})",
      {.prompt_tokens = 100, .cached_prompt_tokens = 64, .completion_tokens = 5});
  with("llama.cpp's timings alone",
       R"({"choices":[],"timings":{"cache_n":50,"prompt_n":1,"prompt_ms":221.2,"predicted_n":48}})",
       {.prompt_tokens = 51, .cached_prompt_tokens = 50, .completion_tokens = 48});
  with("llama.cpp's timings and usage",
       R"({"choices":[],"usage":{"completion_tokens":48,"prompt_tokens":51},)"
       R"("timings":{"cache_n":50,"prompt_n":1,"predicted_n":48}})",
       {.prompt_tokens = 51, .cached_prompt_tokens = 50, .completion_tokens = 48});
  with("counts that lie",
       R"({"choices":[],"usage":{"prompt_tokens":10.0,"completion_tokens":-5,"total_tokens":1e99,)"
       R"("prompt_tokens_details":{"cached_tokens":4000},"completion_tokens_details":"none"}})",
       {.prompt_tokens = 10, .cached_prompt_tokens = 10});
  out.push_back(
      {"a running total in every chunk",
       event(
           R"({"choices":[{"delta":{"content":"H"}}],"usage":{"prompt_tokens":9,"completion_tokens":1}})") +
           event(
               R"({"choices":[{"delta":{"content":"i"},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":2}})") +
           event(R"({"choices":[],"usage":null})") + kDone,
       said("Hi", Usage{.prompt_tokens = 9, .completion_tokens = 2})});
  out.push_back({"an empty usage behind the real one",
                 text("Hi") + finish("stop") + kUsage +
                     event(R"({"choices":[],"usage":{"prompt_tokens":0,"completion_tokens":0}})") +
                     event(R"({"choices":[],"usage":{}})") + kDone,
                 said("Hi")});
  out.push_back(
      {"usage before the text", kUsage + text("Hi") + finish("stop") + kDone, said("Hi")});
}

void add_errors(Streams& out) {
  out.push_back({"nothing", "", {.error = ErrorCode::protocol}});
  out.push_back({"only [DONE]", kDone, {.error = ErrorCode::protocol}});
  out.push_back({"a web page",
                 "<html>\n<body>Please log in</body>\n</html>\n",
                 {.error = ErrorCode::protocol}});
  out.push_back({"cut between events",
                 text("Hel") + kUsage,
                 {.text = "Hel", .usage = kUsed, .error = ErrorCode::unavailable}});
  out.push_back({"cut within an event",
                 text("Hel") + "data: {\"choices\":[{\"delta\":{\"cont",
                 {.text = "Hel", .error = ErrorCode::unavailable}});
  out.push_back({"half an object in a whole event",
                 text("Hel") + "data: {\"choices\":[{\"delta\":{\"content\":\"lo\"}\n\n" + kDone,
                 {.text = "Hello", .error = ErrorCode::protocol}});
  out.push_back({"garbage behind the object",
                 text("Hel") + "data: {\"choices\":[]}]\n\n" + kDone,
                 {.text = "Hel", .error = ErrorCode::protocol}});
  out.push_back({"a payload that is no object",
                 text("Hel") + "data: 7\n\n" + kDone,
                 {.text = "Hel", .error = ErrorCode::protocol}});
  out.push_back(
      {"nested too deeply",
       text("Hel") + event("{\"x\":" + std::string(500, '[') + std::string(500, ']') + "}") + kDone,
       {.text = "Hel", .error = ErrorCode::protocol}});
  out.push_back(
      {"an overload reported within the stream",
       text("Hel") + kUsage +
           event(R"({"error":{"message":"overloaded","type":"server_error","code":503}})"),
       {.text = "Hel", .usage = kUsed, .error = ErrorCode::unavailable}});
  out.push_back(
      {"a context error as the only event",
       event(R"({"error":{"code":400,"message":"too long","type":"exceed_context_size_error"}})"),
       {.error = ErrorCode::limit}});
  out.push_back({"an event of type error",
                 text("Hel") + "event: error\ndata: {\"message\":\"bad\",\"code\":400}\n\n",
                 {.text = "Hel", .error = ErrorCode::invalid}});
  out.push_back(
      {"an error that is a text", event(R"({"error":"boom"})"), {.error = ErrorCode::unavailable}});
  out.push_back(
      {"a null error is none",
       event(R"({"error":null,"choices":[{"delta":{"content":"Hi"},"finish_reason":"stop"}]})") +
           kDone,
       said("Hi", std::nullopt)});
  std::string endless;
  for (int i = 0; i < 40; ++i) endless += text(std::string(2'000, 'y'));
  // 16 tokens allow 64 KB and 1 KB; the chunk that passes the bound is the last one kept.
  out.push_back(
      {"endless text", endless, {.text = std::string(68'000, 'y'), .error = ErrorCode::limit}});
}

void add_objects(Streams& out) {
  const std::string answer = R"({
  "id": "c",
  "object": "chat.completion",
  "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}],
  "usage": {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}
}
)";
  out.push_back({"an answer that is not streamed", answer, said("Hi")});
  out.push_back({"the same behind white space", "\r\n\r\n  " + answer, said("Hi")});
  out.push_back(
      {"a call that is not streamed",
       R"({"choices":[{"message":{"content":null,"tool_calls":[{"id":"c1","type":"function",)"
       R"("function":{"name":"view","arguments":"{}"}}]},"finish_reason":"tool_calls"}]})",
       {.tool_calls = {{"c1", "view", "{}"}}, .finish_reason = FinishReason::tool_calls}});
  out.push_back({"an error with status 200",
                 R"({"error":{"message":"model is loading","code":503}})",
                 {.error = ErrorCode::unavailable}});
  out.push_back({"half an answer", answer.substr(0, 60), {.error = ErrorCode::protocol}});
  out.push_back({"an answer without choices",
                 R"({"object":"chat.completion"})",
                 {.error = ErrorCode::protocol}});
}

}  // namespace

std::vector<HostileStream> hostile_streams() {
  Streams out;
  add_framing(out);
  add_text(out);
  add_calls(out);
  add_usage(out);
  add_errors(out);
  add_objects(out);
  return out;
}

}  // namespace pareto
