#include "apps/cli/cli.h"

int main(int argc, char** argv) { return pareto::run_cli(argc, argv); }
