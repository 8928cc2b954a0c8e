# embed_migrations(OUT_VARIABLE DIALECT FOLDER)
#
# Makes one source file that carries FOLDER/NNNN_NAME.DIALECT.sql as text, in the order of their
# numbers, and puts its path into OUT_VARIABLE. A new or changed file configures anew.
function(embed_migrations out dialect folder)
  file(GLOB files CONFIGURE_DEPENDS ${folder}/[0-9][0-9][0-9][0-9]_*.${dialect}.sql)
  list(SORT files)
  set(number 0)
  set(rows "")
  foreach(file IN LISTS files)
    math(EXPR number "${number} + 1")
    get_filename_component(stem ${file} NAME)
    if(NOT stem MATCHES "^0*([1-9][0-9]*)_(.+)\\.${dialect}\\.sql$")
      message(FATAL_ERROR "embed_migrations: ${stem} is not NNNN_NAME.${dialect}.sql")
    endif()
    if(NOT CMAKE_MATCH_1 EQUAL number)
      message(FATAL_ERROR "embed_migrations: ${stem} should have the number ${number}")
    endif()
    set(name ${CMAKE_MATCH_2})
    file(READ ${file} text)
    string(APPEND rows "    {${number}, \"${name}\", R\"ddl(${text})ddl\"},\n")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  endforeach()
  set(source ${CMAKE_CURRENT_BINARY_DIR}/migrations_${dialect}.cc)
  file(CONFIGURE OUTPUT ${source} @ONLY CONTENT
"// Made from src/store/schema by embed_migrations(); edit the files there.
#include \"store/schema.h\"

namespace vitana::store {
namespace {

constexpr sql::Migration all[] = {
@rows@};

}  // namespace

std::span<const sql::Migration> migrations_${dialect}() { return all; }

}  // namespace vitana::store
")
  set(${out} ${source} PARENT_SCOPE)
endfunction()
