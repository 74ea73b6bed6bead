#include "tools/catalogue.h"

#include "tools/builtin/edit.h"
#include "tools/builtin/finish.h"
#include "tools/builtin/grep.h"
#include "tools/builtin/open.h"
#include "tools/builtin/run.h"
#include "tools/builtin/run_tests.h"
#include "tools/builtin/search.h"
#include "tools/builtin/view.h"
#include "tools/builtin/write.h"

namespace pareto {

std::vector<std::shared_ptr<Tool>> builtin_tools(const ToolNeeds& needs) {
  return {
      make_edit_tool(needs.sandbox),
      make_finish_tool(),
      make_grep_tool(),
      make_open_tool(needs.corpora),
      make_run_tool(needs.sandbox),
      make_run_tests_tool(needs.sandbox),
      make_search_tool(needs.corpora),
      make_view_tool(),
      make_write_tool(needs.sandbox),
  };
}

}  // namespace pareto
