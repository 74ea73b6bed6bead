#include "agent/core/recall.h"

#include "agent/core/json_fields.h"

namespace pareto {
namespace {

Json to_json(const Neighbour& neighbour) {
  return {{"run", neighbour.run.value},        {"similarity", neighbour.similarity},
          {"mode", to_string(neighbour.mode)}, {"model", neighbour.model},
          {"success", neighbour.success},      {"cost_usd", neighbour.cost.to_string()}};
}

Result<Neighbour> neighbour_from_json(const Json& json) {
  JsonFields fields(json, "neighbour");
  Neighbour neighbour;
  neighbour.run = RunId{fields.text("run")};
  neighbour.similarity = fields.number_or("similarity", 0);
  neighbour.mode = fields.keep<Mode>("mode", parse_mode(fields.text("mode")));
  neighbour.model = fields.text("model");
  neighbour.success = fields.number_or("success", 0);
  neighbour.cost = fields.money("cost_usd");
  if (auto read = fields.done(); !read) return std::unexpected(read.error());
  return neighbour;
}

Result<BriefedFile> file_from_json(const Json& json) {
  JsonFields fields(json, "file");
  BriefedFile file{fields.text("path"), fields.text("text")};
  if (auto read = fields.done(); !read) return std::unexpected(read.error());
  return file;
}

Result<Passage> passage_from_json(const Json& json) {
  JsonFields fields(json, "passage");
  Passage passage{fields.text("id"), fields.text("title"), fields.text("text")};
  if (auto read = fields.done(); !read) return std::unexpected(read.error());
  return passage;
}

Json to_json(const Briefing& briefing) {
  Json files = Json::array();
  for (const BriefedFile& file : briefing.files) {
    files.push_back({{"path", file.path}, {"text", file.text}});
  }
  Json passages = Json::array();
  for (const Passage& passage : briefing.passages) {
    passages.push_back({{"id", passage.id}, {"title", passage.title}, {"text", passage.text}});
  }
  return {{"files", std::move(files)},
          {"omitted", briefing.omitted},
          {"total_files", briefing.total_files},
          {"total_bytes", briefing.total_bytes},
          {"passages", std::move(passages)},
          {"corpus_passages", briefing.corpus_passages},
          {"check_output", briefing.check_output}};
}

Result<Briefing> briefing_from_json(const Json& json) {
  JsonFields fields(json, "briefing");
  Briefing briefing;
  briefing.files = fields.list<BriefedFile>("files", file_from_json);
  briefing.omitted = fields.texts("omitted");
  briefing.total_files = fields.integer_or("total_files", 0);
  briefing.total_bytes = fields.integer_or("total_bytes", 0);
  briefing.passages = fields.list<Passage>("passages", passage_from_json);
  briefing.corpus_passages = fields.integer_or("corpus_passages", 0);
  briefing.check_output = fields.text_or("check_output", "");
  if (auto read = fields.done(); !read) return std::unexpected(read.error());
  return briefing;
}

}  // namespace

Json to_json(const Recall& recall) {
  Json neighbours = Json::array();
  for (const Neighbour& neighbour : recall.neighbours) neighbours.push_back(to_json(neighbour));
  return {{"neighbours", std::move(neighbours)},
          {"briefing", to_json(recall.briefing)},
          {"tools", recall.tools},
          {"outside_tools", recall.outside_tools},
          {"tool_spec_bytes", recall.tool_spec_bytes},
          {"note", recall.note}};
}

Result<Recall> recall_from_json(const Json& json) {
  JsonFields fields(json, "recall");
  Recall recall;
  recall.neighbours = fields.list<Neighbour>("neighbours", neighbour_from_json);
  recall.briefing = fields.nested<Briefing>("briefing", briefing_from_json);
  recall.tools = fields.texts("tools");
  recall.outside_tools = fields.texts("outside_tools");
  recall.tool_spec_bytes = fields.integer_or("tool_spec_bytes", 0);
  recall.note = fields.text_or("note", "");
  if (auto read = fields.done(); !read) return std::unexpected(read.error());
  return recall;
}

}  // namespace pareto
