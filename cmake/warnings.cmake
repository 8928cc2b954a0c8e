# One INTERFACE target with the warnings that every target of the project is built with.
add_library(vitana_warnings INTERFACE)
target_compile_options(vitana_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor
  -Wold-style-cast -Woverloaded-virtual -Wswitch-enum -Werror
  -Wno-missing-field-initializers)  # members carry their defaults; designated initialisers leave them out
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports these inside libstdc++'s own inlined code (PR 105562, PR 105651).
  target_compile_options(vitana_warnings INTERFACE -Wno-restrict -Wno-maybe-uninitialized)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # clang reports libstdc++ 12's std::stable_sort for its own std::get_temporary_buffer.
  target_compile_options(vitana_warnings INTERFACE -Wthread-safety -Wno-deprecated-declarations)
endif()
