/* A shared library that misbehaves in the way that its tool's name says, or, where a macro names
 * one, while it is loaded. */
#include "tools/plugin/pareto_plugin.h"

#include <string.h>
#include <time.h>

static const pareto_host* host;
static char huge[3 << 20];

#ifdef BAD_DESCRIPTION
static const char kDescription[] = "{\"tools\": 7}";
#else
#define TOOL(name) "{\"name\": \"" name "\", \"parameters\": {\"type\": \"object\"}, \"seconds\": 1}"
static const char kDescription[] =
    "{\"tools\": [" TOOL("garbage") "," TOOL("hang") "," TOOL("slow") "," TOOL("huge") ","
    TOOL("null") "," TOOL("fail") "]}";
#endif

static void give(pareto_buffer* out, const char* text, size_t size) {
  out->data = text;
  out->size = size;
}

static int32_t describe(void* self, pareto_buffer* out) {
  (void)self;
  give(out, kDescription, sizeof kDescription - 1);
  return PARETO_OK;
}

static int named(pareto_text tool, const char* name) {
  return tool.size == strlen(name) && memcmp(tool.data, name, tool.size) == 0;
}

static void nap(void) {
  struct timespec span = {0, 10000000};
  nanosleep(&span, NULL);
}

static int32_t call(void* self, pareto_text tool, pareto_text arguments, const pareto_call* pending,
                    pareto_buffer* out) {
  (void)self;
  (void)arguments;
  if (named(tool, "garbage")) give(out, "\xff not json", 10);
  if (named(tool, "huge")) give(out, huge, sizeof huge);
  if (named(tool, "null")) give(out, NULL, 5);
  if (named(tool, "fail")) return 42;
  if (named(tool, "slow")) {
    while (!host->cancelled(pending)) nap();
    give(out, "{\"text\": \"late\"}", 16);
  }
  if (named(tool, "hang")) {
    for (;;) nap();
  }
  return PARETO_OK;
}

#ifndef NO_ENTRY
int32_t pareto_plugin_v1(const pareto_host* given, pareto_plugin* plugin) {
  host = given;
  plugin->abi_major = PARETO_ABI_MAJOR;
  plugin->describe = describe;
  plugin->call = call;
  plugin->size = sizeof *plugin;
#ifdef REFUSES
  return 9;
#endif
#ifdef OTHER_ABI
  plugin->abi_major = PARETO_ABI_MAJOR + 1;
#endif
#ifdef TOO_SHORT
  plugin->size = 12;
#endif
#ifdef NO_CALL
  plugin->call = NULL;
#endif
  return PARETO_OK;
}
#endif
