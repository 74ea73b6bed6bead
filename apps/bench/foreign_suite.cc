#include "apps/bench/foreign_suite.h"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "agent/models/local/cache_dir.h"
#include "apps/bench/readers/reader.h"
#include "apps/system/task_file.h"
#include "tools/digest.h"
#include "tools/workspace/folder.h"

namespace pareto {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostSource = std::size_t{1} << 30;
constexpr std::size_t kMostAttachment = 256 << 20;
constexpr std::int64_t kMostText = 1 << 20;  // of a file in a folder; larger ones are data
constexpr std::size_t kMostFolder = 256 << 20;

Result<Source> source_of_folder(const std::string& path) {
  auto folder = Folder::open(path);
  if (!folder) return std::unexpected(folder.error());
  Source source;
  std::size_t bytes = 0;
  Result<void> wrong;
  auto walked = folder->walk(".", Folder::kMaxScanned, [&](const FolderEntry& entry) {
    const std::string name = fs::path(entry.path).filename().string();
    if (entry.kind == FolderEntry::Kind::folder) return name != ".git";
    if (entry.kind != FolderEntry::Kind::file || entry.bytes > kMostText || !wrong) return true;
    auto text = folder->read(entry.path, kMostText);
    if (!text || text->contains('\0')) return true;  // no text: nothing that a reader wants
    bytes += text->size();
    if (bytes > kMostFolder) {
      wrong =
          fail(ErrorCode::limit, fmt::format("{}: more than {} bytes of text", path, kMostFolder));
    }
    source.files[entry.path] = std::move(*text);
    return true;
  });
  if (!walked) return std::unexpected(walked.error());
  if (!wrong) return std::unexpected(wrong.error());
  return source;
}

Result<Source> source_of(const std::string& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) return source_of_folder(path);
  auto text = read_text_file(path, kMostSource);
  if (!text) return std::unexpected(text.error());
  return Source{.text = std::move(*text)};
}

// Writes a file whole or not at all. Its name holds the hash of its content, so that one which is
// there already is the same.
Result<void> write_once(const fs::path& file, const std::string& text) {
  std::error_code error;
  if (fs::exists(file, error)) return {};
  fs::create_directories(file.parent_path(), error);
  if (auto written = write_text_file(file.string(), text); !written) {
    return fail(ErrorCode::internal,
                fmt::format("{}: can't be written; is the disk full?", file.string()));
  }
  return {};
}

Result<void> place_corpora(ForeignTasks& foreign, const std::string& cache) {
  std::map<std::string, std::string> placed;  // name -> absolute path
  for (const auto& [name, lines] : foreign.corpora) {
    const std::string file = fmt::format("{}/{}.jsonl", cache, sha256(lines));
    if (auto written = write_once(file, lines); !written) return written;
    placed[name] = file;
  }
  for (Task& task : foreign.tasks) {
    if (!task.corpus.empty()) task.corpus = placed.at(task.corpus);
  }
  return {};
}

// An attachment may be no text, so it comes as a workspace and not as one of `files`.
Result<void> place_attachments(ForeignTasks& foreign, const std::string& folder,
                               const std::string& cache) {
  for (Task& task : foreign.tasks) {
    const auto attached = foreign.attachments.find(task.id);
    if (attached == foreign.attachments.end()) continue;
    auto content = read_text_file(folder + "/" + attached->second, kMostAttachment);
    if (!content) {
      return fail(ErrorCode::invalid,
                  fmt::format("task \"{}\": its file: {}", task.id, content.error().message));
    }
    task.workspace = fmt::format("{}/{}", cache, sha256(attached->second + '\0' + *content));
    if (auto written = write_once(fs::path(task.workspace) / attached->second, *content);
        !written) {
      return written;
    }
  }
  return {};
}

std::string content_of(const Source& source, std::string_view format) {
  std::string content = fmt::format("{}\n{}\n{}", format, source.options.dump(), source.text);
  for (const auto& [path, text] : source.files) content += path + '\0' + text;
  return content;
}

}  // namespace

const char* const kSolutionOracle = R"(python3 -c "
import json, os, subprocess
metadata = json.load(open(os.environ['PARETO_TASK']))['metadata']
if 'patch' in metadata:
    patch = (metadata['patch'].rstrip(chr(10)) + chr(10)).encode()
    subprocess.run(['git', 'apply', '-'], input=patch, check=True)
elif isinstance(metadata['solution'], str):
    print(metadata['solution'])
else:
    for path, text in metadata['solution'].items():
        open(path, 'w').write(text)
")";

Result<std::optional<ForeignSuite>> read_foreign(const std::string& path, const std::string& format,
                                                 const Json& options) {
  const Reader* reader = nullptr;
  if (!format.empty()) {
    auto found = find_reader(format);
    if (!found) return std::unexpected(found.error());
    reader = *found;
  }
  auto source = source_of(path);
  if (!source) return std::unexpected(source.error());
  source->options = options;
  if (reader == nullptr) reader = recognise(*source);
  if (reader == nullptr) return std::nullopt;
  auto foreign = reader->read(*source);
  if (!foreign) {
    return fail(ErrorCode::invalid,
                fmt::format("{} (as {}): {}", path, reader->format, foreign.error().message));
  }
  if (!foreign->corpora.empty() || !foreign->attachments.empty()) {
    auto cache = default_cache_dir();
    if (!cache) return std::unexpected(cache.error());
    *cache += "/benchmarks";
    if (auto placed = place_corpora(*foreign, *cache); !placed) {
      return std::unexpected(placed.error());
    }
    const std::string folder = fs::path(path).parent_path().string();
    if (auto placed = place_attachments(*foreign, folder, *cache); !placed) {
      return std::unexpected(placed.error());
    }
  }
  return ForeignSuite{.format = std::string(reader->format),
                      .tasks = std::move(foreign->tasks),
                      .content = content_of(*source, reader->format)};
}

}  // namespace pareto
