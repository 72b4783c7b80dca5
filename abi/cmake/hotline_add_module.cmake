# hotline_add_module(NAME VERSION x.y.z SOURCES … [DEFINES …] [TARGET module_<name>]
#                    [OUTPUT_DIRECTORY <build>/modules])
#
# Builds <name>-<version>.so so that it can be loaded, replaced and unloaded: hidden visibility, no
# unique symbols, nothing undefined, one exported symbol, a build id. Works in the project's own
# tree and from an installed package (find_package(hotline)).
set(HOTLINE_MODULE_MAP ${CMAKE_CURRENT_LIST_DIR}/../module.map)
if(NOT EXISTS ${HOTLINE_MODULE_MAP})
  set(HOTLINE_MODULE_MAP ${CMAKE_CURRENT_LIST_DIR}/module.map)  # Installed: beside this file.
endif()

function(hotline_add_module name)
  cmake_parse_arguments(arg "" "VERSION;TARGET;OUTPUT_DIRECTORY" "SOURCES;DEFINES" ${ARGN})
  if(DEFINED arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "hotline_add_module(${name}): not understood: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT arg_VERSION MATCHES "^[0-9]+\\.[0-9]+\\.[0-9]+$")
    message(FATAL_ERROR "hotline_add_module(${name}): VERSION must be x.y.z, not '${arg_VERSION}'")
  endif()
  if(NOT arg_TARGET)
    set(arg_TARGET module_${name})
  endif()
  if(NOT arg_OUTPUT_DIRECTORY)
    set(arg_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/modules)
  endif()
  add_library(${arg_TARGET} MODULE ${arg_SOURCES})
  target_link_libraries(${arg_TARGET} PRIVATE hotline::sdk)
  target_compile_definitions(${arg_TARGET} PRIVATE
    HL_MODULE_NAME="${name}" HL_MODULE_VERSION="${arg_VERSION}" ${arg_DEFINES})
  target_compile_options(${arg_TARGET} PRIVATE
    # A frame larger than a page must not step over the one that ends the stack: the host's guard lives by it.
    -fstack-clash-protection
    -fPIC -fvisibility=hidden $<$<COMPILE_LANGUAGE:CXX>:-fvisibility-inlines-hidden>
    $<$<CXX_COMPILER_ID:GNU>:-fno-gnu-unique>)
  # Lines and functions for whoever looks into it (gdb, perf), as much as the build asks for; compressed, because
  # every byte of the file is read, hashed and kept when it is pushed.
  string(TOUPPER "${CMAKE_BUILD_TYPE}" config)
  if(NOT "${CMAKE_C_FLAGS} ${CMAKE_C_FLAGS_${config}} ${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_${config}}" MATCHES " -g")
    target_compile_options(${arg_TARGET} PRIVATE -g)
  endif()
  target_link_options(${arg_TARGET} PRIVATE
    -Wl,--version-script=${HOTLINE_MODULE_MAP} -Wl,-z,now -Wl,-z,relro -Wl,--build-id=sha1
    -Wl,-Bsymbolic -Wl,--exclude-libs,ALL -Wl,--compress-debug-sections=zlib)
  if(HOTLINE_MODULE_SANITIZE)
    target_compile_options(${arg_TARGET} PRIVATE -fsanitize=${HOTLINE_MODULE_SANITIZE})
  else()
    target_link_options(${arg_TARGET} PRIVATE -Wl,-z,defs)
  endif()
  set_target_properties(${arg_TARGET} PROPERTIES
    PREFIX "" OUTPUT_NAME ${name}-${arg_VERSION} LIBRARY_OUTPUT_DIRECTORY ${arg_OUTPUT_DIRECTORY}
    LINK_DEPENDS ${HOTLINE_MODULE_MAP})
endfunction()
