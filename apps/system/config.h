#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/core/limits.h"
#include "agent/core/model.h"
#include "agent/core/money.h"
#include "agent/core/result.h"
#include "apps/system/settings.h"

namespace pareto {

// [models.NAME]
struct ModelConfig {
  std::string name;
  std::string engine = "openai";  // llama | openai | scripted | cassette
  std::string weights;            // llama: a catalogue entry
  std::string base_url;
  std::string model;  // the provider's name
  std::string api_key_env;
  std::map<std::string, Money> price;  // input, output; cached_input and cache_write if they differ
  std::optional<std::int64_t> context;
  std::optional<std::int64_t> max_output_tokens;
  std::optional<ToolDialect> tools;
  std::string reasoning = "none";  // none | effort | budget
  std::optional<double> temperature;
  std::optional<bool> small;
  std::string script;    // scripted: its file
  std::string cassette;  // cassette: its file
};

// A tool that is a program or a shared library: [tools.exec.NAME], [tools.c.NAME].
struct PluginConfig {
  std::string name;
  std::vector<std::string> command;  // exec
  std::string library;               // c: absolute path
  std::string sha256;                // c: optional
};

// The effective configuration: built-in, then $XDG_CONFIG_HOME/pareto/pareto.toml, ./pareto.toml,
// PARETO_* variables and flags, the later one winning.
struct Config {
  std::map<std::string, ModelConfig> models;
  std::string default_model = "local";
  std::vector<std::string> policy_models;
  Money quality_weight = Money::nanos(50'000'000);
  double exploration = 0.05;
  Limits limits;
  std::vector<std::string> concern_order;
  std::vector<std::string> disabled_concerns;
  std::map<std::string, PluginConfig> exec_tools;
  std::map<std::string, PluginConfig> c_tools;
  std::string state;  // folder
  std::string approve = "ask";
  bool memory_on = true;
  bool learn_on = true;
  int keep_alive = 300;    // seconds that the local engine outlives its last user
  int engine_threads = 0;  // 0: every processor
  int engine_slots = 1;
  bool share_prompts = true;  // a run may start from a prompt that the engine has cached for another
  std::string llama_server;  // program; empty: look for one
  std::string listen = "127.0.0.1:8766";
  std::string token_file;
  bool unsafe_no_sandbox = false;
  std::vector<Setting> settings;  // what is in force, sorted by path
};

// Everything that configuration is made of; read by `gather_settings`, or given by a test.
struct ConfigSources {
  std::vector<std::vector<Setting>> layers;  // later ones win
};

// The built-in layer, the user's file, ./pareto.toml and the PARETO_* variables of `environment`
// ("NAME=VALUE"). Missing files are no error; a file that can't be read is.
Result<ConfigSources> gather_settings(const std::vector<std::string>& environment);

// Errors name the nearest known key and where the wrong one stands.
Result<Config> make_config(const ConfigSources& sources);

// The files that are read, in order, whether they exist or not.
std::vector<std::string> config_files(const std::vector<std::string>& environment);

// Every known key; NAME stands for any name.
std::vector<std::string> config_keys();

// A hash of everything that can change what a run does.
std::string config_hash(const Config& config);

// Input and output, or nothing: half a price is an error, for a missing part is not zero.
Result<std::optional<Price>> price_of(const ModelConfig& model);

// "local", or an error that names the nearest configured model.
Result<ModelConfig> find_model(const Config& config, const std::string& name);

}  // namespace pareto
