# layer(NAME FLOOR n NEEDS layer... LINKS target... SOURCES file... TESTS file...)
#
# Declares one layer of src/ as a static library vitana_NAME and, with TESTS, a test program
# NAME_test. Four locks keep the direction, each catching what the others miss:
#   1  no cycle between targets, even of static libraries;
#   2  NEEDS names only layers of a lower floor (refused here, at configure time);
#   3  the layer's test links the whole archive on NEEDS alone, so an upward call cannot link;
#   4  tools/tidy.py: includes obey NEEDS, no "../", no source that no target builds.
set_property(GLOBAL PROPERTY GLOBAL_DEPENDS_NO_CYCLES ON)
set_property(GLOBAL PROPERTY VITANA_LAYERS "")

include(GoogleTest)

function(layer name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "FLOOR" "NEEDS;LINKS;SOURCES;TESTS")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "layer(${name}): unknown arguments ${arg_UNPARSED_ARGUMENTS}")
  endif()
  foreach(need IN LISTS arg_NEEDS)
    get_property(need_floor GLOBAL PROPERTY VITANA_FLOOR_${need})
    if(NOT need_floor MATCHES "^[0-9]+$")
      message(FATAL_ERROR "layer(${name}) needs ${need}, which is not declared before it")
    endif()
    if(NOT need_floor LESS arg_FLOOR)
      message(FATAL_ERROR
        "layer(${name}) is on floor ${arg_FLOOR} and may not need ${need} on floor ${need_floor}")
    endif()
  endforeach()
  set_property(GLOBAL PROPERTY VITANA_FLOOR_${name} ${arg_FLOOR})
  set_property(GLOBAL PROPERTY VITANA_NEEDS_${name} "${arg_NEEDS}")
  set_property(GLOBAL APPEND PROPERTY VITANA_LAYERS ${name})

  list(TRANSFORM arg_NEEDS PREPEND vitana_ OUTPUT_VARIABLE need_targets)
  add_library(vitana_${name} STATIC ${arg_SOURCES})
  target_include_directories(vitana_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(vitana_${name}
    PUBLIC ${need_targets} ${arg_LINKS} PRIVATE vitana_warnings)

  if(arg_TESTS)
    add_executable(${name}_test ${arg_TESTS})
    target_link_libraries(${name}_test PRIVATE
      $<LINK_LIBRARY:WHOLE_ARCHIVE,vitana_${name}> ${need_targets} ${arg_LINKS}
      vitana_warnings GTest::gmock GTest::gtest_main)
    gtest_discover_tests(${name}_test DISCOVERY_TIMEOUT 60 DISCOVERY_MODE PRE_TEST TEST_FILTER "-*/postgres:PostgresSession.*")
  endif()
endfunction()

# The tests of NAME_test that need a PostgreSQL server, as one: a server starts once for all of them.
function(test_on_postgres name filter)
  add_test(NAME ${name}_on_postgres COMMAND ${name}_test --gtest_filter=${filter})
  set_tests_properties(${name}_on_postgres PROPERTIES TIMEOUT 900 ENVIRONMENT "VITANA_TEST_DRIVER=postgres")
endfunction()
