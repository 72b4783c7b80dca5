# hotline_play(LABEL NAME TIMEOUT): a ctest test that runs NAME.py of the folder against what was built here.
# Debian's python3 first: slixmpp is installed for it.
find_program(HOTLINE_PYTHON python3 HINTS /usr/bin NO_CMAKE_ENVIRONMENT_PATH REQUIRED)

function(hotline_play label name timeout)
  add_test(NAME ${label}.${name} COMMAND ${HOTLINE_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/${name}.py -v)
  set_tests_properties(${label}.${name} PROPERTIES
    LABELS ${label}
    TIMEOUT ${timeout}
    ENVIRONMENT "HOTLINE_BUILD_DIR=${CMAKE_BINARY_DIR};PYTHONDONTWRITEBYTECODE=1")
endfunction()
