/* A tool that must never run twice for one call: it appends its label to the file $TICKS_FILE,
 * which lies outside of every workspace, and takes its time before and after. */
#define _POSIX_C_SOURCE 200809L
#include "tools/plugin/pareto_plugin.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char kDescription[] =
    "{\"tools\": [{\"name\": \"tick\", \"description\": \"Count one.\", \"replay\": \"once\","
    " \"parameters\": {\"type\": \"object\", \"properties\": {\"label\": {\"type\": \"string\"}},"
    " \"required\": [\"label\"]}}]}";
static const char kResult[] = "{\"text\": \"counted\"}";

static int32_t describe(void* self, pareto_buffer* out) {
  (void)self;
  out->data = kDescription;
  out->size = sizeof kDescription - 1;
  return PARETO_OK;
}

static void pause_a_little(void) {
  const struct timespec span = {0, 40 * 1000 * 1000};
  nanosleep(&span, NULL);
}

static int32_t call(void* self, pareto_text tool, pareto_text arguments, const pareto_call* pending,
                    pareto_buffer* out) {
  const char* path = getenv("TICKS_FILE");
  int file;
  ssize_t written;
  (void)self;
  (void)tool;
  (void)pending;
  pause_a_little();
  file = open(path, O_WRONLY | O_CREAT | O_APPEND, 0644);
  if (file < 0) return PARETO_FAILED;
  written = write(file, arguments.data, arguments.size);
  written = write(file, "\n", 1) + written;
  close(file);
  pause_a_little();
  out->data = kResult;
  out->size = sizeof kResult - 1;
  return written > 0 ? PARETO_OK : PARETO_FAILED;
}

int32_t pareto_plugin_v1(const pareto_host* host, pareto_plugin* plugin) {
  if (host->abi_major != PARETO_ABI_MAJOR) return PARETO_FAILED;
  plugin->abi_major = PARETO_ABI_MAJOR;
  plugin->abi_minor = PARETO_ABI_MINOR;
  plugin->describe = describe;
  plugin->call = call;
  plugin->size = sizeof *plugin;
  return PARETO_OK;
}
