/* The C interface of Pareto's plugins. C99, needs nothing else.
 *
 * A plugin is a shared library that exports one function, pareto_plugin_v1. It is loaded once, is
 * never unloaded, and runs inside of Pareto's process: what must not be trusted that far belongs
 * into an executable or an MCP server instead.
 *
 *   static int32_t describe(void* self, pareto_buffer* out);
 *   static int32_t call(void* self, pareto_text tool, pareto_text arguments,
 *                       const pareto_call* call, pareto_buffer* out);
 *
 *   int32_t pareto_plugin_v1(const pareto_host* host, pareto_plugin* plugin) {
 *     if (host->abi_major != PARETO_ABI_MAJOR) return PARETO_FAILED;
 *     plugin->abi_major = PARETO_ABI_MAJOR;
 *     plugin->abi_minor = PARETO_ABI_MINOR;
 *     plugin->describe = describe;
 *     plugin->call = call;
 *     plugin->size = sizeof *plugin;
 *     return PARETO_OK;
 *   }
 *
 * Structs begin with their size in bytes as the side that fills them knows it, and only ever grow
 * at their end: a field is there if it lies within that size. Texts are UTF-8, not terminated, and
 * JSON where the comments say so. No exception may leave a function. Build with
 *
 *   cc -std=c99 -shared -fPIC -o my_plugin.so my_plugin.c
 */
#ifndef PARETO_PLUGIN_H
#define PARETO_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A plugin and a host of different major numbers don't work together; a host works with every
 * plugin of its major number. */
#define PARETO_ABI_MAJOR 1u
#define PARETO_ABI_MINOR 0u

/* What functions return. */
#define PARETO_OK 0
#define PARETO_FAILED 1

/* Levels of pareto_host.log. */
#define PARETO_LOG_DEBUG 0
#define PARETO_LOG_INFO 1
#define PARETO_LOG_WARNING 2
#define PARETO_LOG_ERROR 3

/* A text that is borrowed for the call. */
typedef struct pareto_text {
  const char* data;
  size_t size;
} pareto_text;

/* A text that the plugin hands over. The host copies it and calls `release` with the same buffer,
 * once, on the same thread; `release` may be null when there is nothing to free. `owner` is the
 * plugin's. */
typedef struct pareto_buffer {
  const char* data;
  size_t size;
  void (*release)(struct pareto_buffer* buffer);
  void* owner;
} pareto_buffer;

/* A call under way; the host's. Valid until `call` returns. */
typedef struct pareto_call pareto_call;

/* What the host offers. Valid for the life of the process; every function may be called from every
 * thread. */
typedef struct pareto_host {
  uint32_t size;
  uint32_t abi_major;
  uint32_t abi_minor;
  void (*log)(const struct pareto_host* host, int32_t level, pareto_text text);
  /* Not zero when the run was cancelled or the time of the call is up: return soon. A call that
   * does not is abandoned, and its plugin is not called again. */
  int32_t (*cancelled)(const pareto_call* call);
  /* The absolute folder of the run's files, empty when it has none. */
  pareto_text (*workspace)(const pareto_call* call);
} pareto_host;

/* What the plugin offers. The host fills it with zeros and sets `size` to what it knows; the plugin
 * writes no further than that. */
typedef struct pareto_plugin {
  uint32_t size;
  uint32_t abi_major;
  uint32_t abi_minor;
  void* self; /* given back to the functions below */

  /* Writes {"tools": [{"name", "description", "parameters": JSON Schema of type object,
   * "summary"?, "replay"?: "idempotent"|"once", "reach"?: "workspace"|"outside", "seconds"?}]}.
   * Called once. */
  int32_t (*describe)(void* self, pareto_buffer* out);

  /* Runs a tool with arguments (a JSON object that satisfies its schema) and writes {"text": what
   * the model is shown, "status"?: "ok"|"error"|"invalid_call", "changed_workspace"?: true,
   * "paths"?: ["relative/path"]}. Called from several threads at once. When it does not return
   * PARETO_OK, `out` is not read. */
  int32_t (*call)(void* self, pareto_text tool, pareto_text arguments, const pareto_call* call,
                  pareto_buffer* out);
} pareto_plugin;

/* Returns PARETO_OK, or anything else when the plugin can't work here. */
int32_t pareto_plugin_v1(const pareto_host* host, pareto_plugin* plugin);

#ifdef __cplusplus
}
#endif

#endif
