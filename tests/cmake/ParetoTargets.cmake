# How a library, a program and a test of this project are declared.

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()
find_program(MOLD mold)

add_library(pareto_options INTERFACE)
target_include_directories(pareto_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(pareto_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Werror -fstack-protector-strong
  # False positives of GCC 12 inside std::expected, std::variant and Asio.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized -Wno-mismatched-new-delete -Wno-tsan -Wno-restrict>
  # Designated initialisers leave defaulted members out on purpose.
  -Wno-missing-field-initializers)
target_compile_definitions(pareto_options INTERFACE _GLIBCXX_ASSERTIONS BOOST_ASIO_NO_DEPRECATED)
if(PARETO_FUZZ)
  target_compile_options(pareto_options INTERFACE -fsanitize=fuzzer-no-link)
  target_link_options(pareto_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(MOLD)
  target_link_options(pareto_options INTERFACE -fuse-ld=mold)
endif()
if(PARETO_SANITIZE)
  target_compile_options(pareto_options INTERFACE
    -fsanitize=${PARETO_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(pareto_options INTERFACE -fsanitize=${PARETO_SANITIZE})
endif()

add_custom_target(pareto_fuzz_targets)
# Tests labelled unit-threads run under TSan as well.
add_custom_target(pareto_thread_tests)

# pareto_library(NAME SOURCES ... LINK ...): one static library per folder.
function(pareto_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK;PRIVATE_LINK" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_link_libraries(${name} PUBLIC pareto_options ${arg_LINK} PRIVATE ${arg_PRIVATE_LINK})
endfunction()

# pareto_test(NAME SOURCES ... LINK ... [LABELS ...] [TIMEOUT SECONDS]): one GoogleTest binary, each
# test known to ctest by its own name.
function(pareto_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;LINK;LABELS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE pareto_options ${arg_LINK} GTest::gmock GTest::gtest_main)
  # A test's own code is run once: only what it tests is optimised.
  target_compile_options(${name} PRIVATE -O0)
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 60)
  endif()
  if(NOT arg_LABELS)
    set(arg_LABELS unit)
  endif()
  if(arg_LABELS MATCHES "threads")
    add_dependencies(pareto_thread_tests ${name})
  endif()
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST
    PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS "${arg_LABELS}")
endfunction()

# pareto_fuzz(NAME SOURCE LINK ...): a libFuzzer target; its kept corpus is tests/fuzz/corpus/NAME.
function(pareto_fuzz name source)
  cmake_parse_arguments(arg "" "" "LINK" ${ARGN})
  if(PARETO_FUZZ)
    add_executable(${name} ${source})
    add_dependencies(pareto_fuzz_targets ${name})
    target_link_libraries(${name} PRIVATE pareto_options ${arg_LINK})
    target_compile_options(${name} PRIVATE -fsanitize=fuzzer)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  endif()
endfunction()
