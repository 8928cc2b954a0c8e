# VITANA_SANITIZE: a comma list for -fsanitize, applied to everything that is compiled and linked.
set(VITANA_SANITIZE "" CACHE STRING "sanitizers, for example address,undefined or thread")
if(VITANA_SANITIZE)
  add_compile_options(-fsanitize=${VITANA_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${VITANA_SANITIZE})
endif()
