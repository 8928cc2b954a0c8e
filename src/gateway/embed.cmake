# embed_schemas(OUT_VARIABLE FOLDER)
#
# Makes one source file that carries FOLDER/NAME.json as text, by name, and puts its path into OUT_VARIABLE.
# A new or changed file configures anew.
function(embed_schemas out folder)
  file(GLOB files CONFIGURE_DEPENDS ${folder}/*.json)
  list(SORT files)
  set(rows "")
  foreach(file IN LISTS files)
    get_filename_component(name ${file} NAME_WE)
    file(READ ${file} text)
    string(APPEND rows "    {\"${name}\", R\"json(${text})json\"},\n")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  endforeach()
  set(source ${CMAKE_CURRENT_BINARY_DIR}/schemas.cc)
  file(CONFIGURE OUTPUT ${source} @ONLY CONTENT
"// Made from src/gateway/schema by embed_schemas(); edit the files there.
#include \"gateway/schemas.h\"

namespace vitana::gateway {
namespace {

constexpr SchemaText all[] = {
@rows@};

}  // namespace

std::span<const SchemaText> schema_texts() { return all; }

}  // namespace vitana::gateway
")
  set(${out} ${source} PARENT_SCOPE)
endfunction()
