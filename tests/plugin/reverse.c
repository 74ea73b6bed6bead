/* A shared library as a tool: the smallest that does something. */
#include "tools/plugin/pareto_plugin.h"

#include <stdlib.h>
#include <string.h>

static const pareto_host* host;

static const char kDescription[] =
    "{\"tools\": [{\"name\": \"reverse\", \"description\": \"Reverse a text byte by byte.\","
    " \"parameters\": {\"type\": \"object\", \"properties\": {\"text\": {\"type\": \"string\","
    " \"pattern\": \"^[a-z ]*$\"}}, \"required\": [\"text\"], \"additionalProperties\": false}}]}";

static int32_t describe(void* self, pareto_buffer* out) {
  (void)self;
  out->data = kDescription;
  out->size = sizeof kDescription - 1;
  return PARETO_OK;
}

static void release(pareto_buffer* buffer) { free(buffer->owner); }

/* The arguments are validated, so that the text is what lies between the last two quotes. */
static int32_t call(void* self, pareto_text tool, pareto_text arguments, const pareto_call* pending,
                    pareto_buffer* out) {
  static const char kStart[] = "{\"text\":\"";
  static const char kEnd[] = "\"}";
  size_t end = arguments.size;
  size_t start;
  size_t length;
  size_t i;
  char* reply;
  (void)self;
  (void)tool;
  if (host->cancelled(pending)) return PARETO_FAILED;
  while (end > 0 && arguments.data[end - 1] != '"') --end;
  if (end == 0) return PARETO_FAILED;
  start = --end;
  while (start > 0 && arguments.data[start - 1] != '"') --start;
  length = end - start;
  reply = malloc(length + sizeof kStart + sizeof kEnd);
  if (reply == NULL) return PARETO_FAILED;
  memcpy(reply, kStart, sizeof kStart - 1);
  for (i = 0; i < length; ++i) reply[sizeof kStart - 1 + i] = arguments.data[end - 1 - i];
  memcpy(reply + sizeof kStart - 1 + length, kEnd, sizeof kEnd - 1);
  out->data = reply;
  out->size = sizeof kStart - 1 + length + sizeof kEnd - 1;
  out->release = release;
  out->owner = reply;
  host->log(host, PARETO_LOG_INFO, (pareto_text){"reversed", 8});
  return PARETO_OK;
}

int32_t pareto_plugin_v1(const pareto_host* given, pareto_plugin* plugin) {
  if (given->abi_major != PARETO_ABI_MAJOR) return PARETO_FAILED;
  host = given;
  plugin->abi_major = PARETO_ABI_MAJOR;
  plugin->abi_minor = PARETO_ABI_MINOR;
  plugin->describe = describe;
  plugin->call = call;
  plugin->size = sizeof *plugin;
  return PARETO_OK;
}
