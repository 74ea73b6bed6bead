#pragma once

namespace pareto {

// The program: parses the command line, runs one command, gives the exit status. Answers go to
// stdout, everything else to stderr.
int run_cli(int argc, char** argv);

}  // namespace pareto
