#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "tools/corpus/corpus.h"
#include "tools/output.h"
#include "tools/sandbox/sandbox.h"
#include "tools/workspace/copy_tree.h"
#include "tools/workspace/folder.h"
#include "tools/workspace/local_workbench.h"
#include "tools/workspace/place.h"

namespace pareto {
namespace {

constexpr std::int64_t kMaxBriefed = 24 << 10;  // bytes of all files together
constexpr std::int64_t kMaxRead = 256 << 10;    // larger files are counted, not read
constexpr std::int64_t kReadInAll = 16 << 20;
constexpr std::size_t kMaxWalked = 5'000;
constexpr std::size_t kSniffed = 4'000;
constexpr std::size_t kMaxOmitted = 200;
constexpr int kPassages = 5;
constexpr std::size_t kCheckHead = 600;
constexpr std::size_t kCheckTail = 1'400;
constexpr std::int64_t kCopiedForCheck = 32 << 20;

constexpr std::array<std::string_view, 24> kBinarySuffixes = {
    ".png", ".jpg", ".jpeg", ".gif", ".ico", ".webp", ".pdf", ".zip",
    ".gz",  ".xz",  ".zst",  ".tar", ".bz2", ".7z",   ".so",  ".o",
    ".a",   ".exe", ".bin",  ".db",  ".mp4", ".woff", ".jar", ".class"};

bool of_path(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '/' || static_cast<unsigned char>(c) >= 0x80;
}

// Where `name` stands in the prompt as a whole word; npos when nowhere. A dot may end a sentence.
std::size_t mention(std::string_view prompt, std::string_view name) {
  for (std::size_t at = prompt.find(name); at != std::string_view::npos;
       at = prompt.find(name, at + 1)) {
    const bool starts = at == 0 || !of_path(prompt[at - 1]);
    const std::size_t end = at + name.size();
    if (starts && (end == prompt.size() || !of_path(prompt[end]))) return at;
  }
  return std::string_view::npos;
}

struct Candidate {
  FolderEntry entry;
  std::string text;
  bool readable = true;  // text is the whole file
  std::size_t named = std::string_view::npos;
};

bool has_binary_suffix(const std::string& path) {
  return std::ranges::any_of(kBinarySuffixes,
                             [&path](std::string_view suffix) { return path.ends_with(suffix); });
}

bool is_hidden(const std::string& path) { return path.starts_with('.') || path.contains("/."); }

// What git tracks where there is git, as a work tree is full of what was built; else everything.
std::vector<FolderEntry> visible_files(const Folder& folder) {
  std::vector<FolderEntry> files;
  const auto add = [&files](const FolderEntry& entry) {
    if (is_hidden(entry.path) || is_litter(std::filesystem::path(entry.path).filename().string())) {
      return false;
    }
    if (entry.kind == FolderEntry::Kind::file && !has_binary_suffix(entry.path)) {
      files.push_back(entry);
    }
    return true;
  };
  if (const Selection tracked = tracked_files(folder.path()); tracked.paths) {
    const auto listed = workspace_files(folder, tracked);
    if (listed) std::ranges::for_each(*listed, add);
  } else {
    std::ignore = folder.walk(".", kMaxWalked, add);
  }
  if (files.size() > kMaxWalked) files.resize(kMaxWalked);
  return files;
}

std::vector<Candidate> text_files(const Folder& folder, const std::string& prompt) {
  std::vector<Candidate> candidates;
  std::int64_t read = 0;
  for (const FolderEntry& entry : visible_files(folder)) {
    Candidate candidate{.entry = entry};
    candidate.readable = entry.bytes <= kMaxRead && read + entry.bytes <= kReadInAll;
    auto text =
        candidate.readable ? folder.read(entry.path, kMaxRead) : folder.head(entry.path, kSniffed);
    if (!text || looks_binary(*text)) continue;
    read += static_cast<std::int64_t>(text->size());
    if (candidate.readable) candidate.text = std::move(*text);
    const std::string name = std::filesystem::path(entry.path).filename().string();
    candidate.named = std::min(mention(prompt, entry.path), mention(prompt, name));
    candidates.push_back(std::move(candidate));
  }
  // Named ones in the prompt's order, then the small ones.
  std::ranges::sort(candidates, [](const Candidate& a, const Candidate& b) {
    return std::tie(a.named, a.entry.bytes, a.entry.path) <
           std::tie(b.named, b.entry.bytes, b.entry.path);
  });
  return candidates;
}

void brief_files(const Folder& folder, const std::string& prompt, Briefing& briefing) {
  std::int64_t left = kMaxBriefed;
  for (Candidate& candidate : text_files(folder, prompt)) {
    ++briefing.total_files;
    briefing.total_bytes += candidate.entry.bytes;
    const auto size = static_cast<std::int64_t>(candidate.text.size());
    if (candidate.readable && size <= left) {
      left -= size;
      briefing.files.push_back({candidate.entry.path, std::move(candidate.text)});
    } else if (briefing.omitted.size() < kMaxOmitted) {
      briefing.omitted.push_back(candidate.entry.path);
    }
  }
}

// On a copy, as a check may leave files; a workspace too large for that is checked as it is.
std::string failing_output(const std::string& workspace, const CheckCommand& check,
                           const Sandbox& sandbox, std::stop_token stop) {
  auto scratch = ScratchFolder::make();
  std::string place = workspace;
  if (scratch) {
    const std::string copy = scratch->path() + "/workspace";
    if (copy_tree(workspace, copy, {.max_bytes = kCopiedForCheck, .max_files = 5'000})) {
      place = copy;
    }
  }
  const Verdict verdict = verify_workspace(place, check, check.timeout, sandbox, std::move(stop));
  if (verdict.passed || !verdict.error.empty()) return "";
  const std::string output = verdict.output.empty()
                                 ? fmt::format("(no output; exit status {})", verdict.exit_code)
                                 : verdict.output;
  return clip_output(output, kCheckHead, kCheckTail);
}

}  // namespace

Result<Briefing> brief_workspace(const Workbench::Place& place, const Task& task,
                                 const Sandbox& sandbox, CorpusCache& corpora,
                                 std::stop_token stop) {
  Briefing briefing;
  auto folder = Folder::open(place.workspace);
  if (!folder) return std::unexpected(folder.error());
  brief_files(*folder, task.prompt, briefing);
  if (!place.corpus.empty()) {
    auto corpus = corpora.open(place.corpus);
    if (!corpus) return std::unexpected(corpus.error());
    briefing.corpus_passages = (*corpus)->size();
    auto hits = (*corpus)->search(task.prompt, kPassages);
    if (!hits) return std::unexpected(hits.error());
    for (Corpus::Hit& hit : *hits) briefing.passages.push_back(std::move(hit.passage));
  }
  if (task.verify) {
    briefing.check_output = failing_output(place.workspace, *task.verify, sandbox, std::move(stop));
  }
  return briefing;
}

}  // namespace pareto
