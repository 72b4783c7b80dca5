# How the project's own targets are compiled, and how a host folder becomes a library of its own.

add_library(hotline_options INTERFACE)
target_compile_options(hotline_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wno-missing-field-initializers
  $<$<BOOL:${HOTLINE_WERROR}>:-Werror>
  -fno-omit-frame-pointer -fstack-protector-strong)
if(HOTLINE_SANITIZE)
  target_compile_options(hotline_options INTERFACE -fsanitize=${HOTLINE_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(hotline_options INTERFACE -fsanitize=${HOTLINE_SANITIZE})
  set(HOTLINE_MODULE_SANITIZE ${HOTLINE_SANITIZE})
endif()

# hotline_add_host_folder(NAME SOURCES … LINK …)
#
# One library for each folder of host/. A folder sees only its own headers and those of the folders
# it links: a wrong arrow between folders does not compile. (Headers are included as "folder/x.h";
# each folder's include path is a directory with that one folder in it.)
function(hotline_add_host_folder name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
  set(view ${CMAKE_BINARY_DIR}/include-view/${name})
  file(MAKE_DIRECTORY ${view})
  file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR} ${view}/${name} SYMBOLIC)
  add_library(hotline_${name} STATIC ${arg_SOURCES})
  add_library(hotline::${name} ALIAS hotline_${name})
  target_include_directories(hotline_${name} PUBLIC ${view})
  target_link_libraries(hotline_${name} PUBLIC ${arg_LINK} PRIVATE hotline_options)
  if(HOTLINE_FUZZ)  # What is fuzzed tells the fuzzer where it has been.
    target_compile_options(hotline_${name} PRIVATE -fsanitize=fuzzer-no-link)
  endif()
endfunction()

# hotline_add_next_module(NAME VERSION x.y.z SOURCES … [DEFINES …] [TARGET t])
#
# The build that comes after the module NAME, in modules/next/, for trying out a push. SOURCES are the files
# that know their version or a DEFINE, and only those are compiled again, each by itself: the other objects are
# module_NAME's.
# Its target is module_NAME_next, or TARGET.
function(hotline_add_next_module name)
  cmake_parse_arguments(arg "" "VERSION;TARGET" "SOURCES;DEFINES" ${ARGN})
  if(NOT arg_TARGET)
    set(arg_TARGET module_${name}_next)
  endif()
  set_source_files_properties(${arg_SOURCES} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  string(REPLACE "." "\\." own "${arg_SOURCES}")
  list(JOIN own "|" own)
  hotline_add_module(${name} VERSION ${arg_VERSION} TARGET ${arg_TARGET}
    OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/modules/next DEFINES ${arg_DEFINES}
    SOURCES ${arg_SOURCES} "$<FILTER:$<TARGET_OBJECTS:module_${name}>,EXCLUDE,/(${own})\\.o$>")
  target_link_libraries(${arg_TARGET} PRIVATE hotline_options)
endfunction()

# How the tests' own files are compiled, in every preset: they prove the code of host/ and modules/, which keeps
# the preset's flags, and their own speed proves nothing. Half of what CI compiles is theirs.
add_library(hotline_test_options INTERFACE)
target_link_libraries(hotline_test_options INTERFACE hotline_options)
target_compile_options(hotline_test_options INTERFACE -O0 -g1)

# hotline_add_tests(NAME LABEL label SOURCES … LINK … [TIMEOUT s] [ENVIRONMENT …] [APART name cases])
#
# One doctest program; ctest runs it once, or with APART twice at a time: the test cases that `cases` (a filter
# of doctest's) finds as a test of their own. tests/main.cpp has the main() of all of them.
function(hotline_add_tests name)
  cmake_parse_arguments(arg "" "LABEL;TIMEOUT" "SOURCES;LINK;ENVIRONMENT;APART" ${ARGN})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)  # Reached by a test that hangs, on however busy a machine.
  endif()
  add_executable(${name} ${arg_SOURCES} $<TARGET_OBJECTS:hotline_test_main>)
  target_link_libraries(${name} PRIVATE ${arg_LINK} hotline_test_options)
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  set(tests ${name})
  if(arg_APART)
    list(GET arg_APART 0 apart)
    list(GET arg_APART 1 cases)
    add_test(NAME ${name} COMMAND ${name} --no-intro "-tce=${cases}")
    add_test(NAME ${apart} COMMAND ${name} --no-intro "-tc=${cases}")
    list(APPEND tests ${apart})
  else()
    add_test(NAME ${name} COMMAND ${name} --no-intro)
  endif()
  set_tests_properties(${tests} PROPERTIES LABELS ${arg_LABEL} TIMEOUT ${arg_TIMEOUT}
    ENVIRONMENT "${arg_ENVIRONMENT}")
endfunction()
