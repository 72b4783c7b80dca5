include(${CMAKE_CURRENT_LIST_DIR}/hotlineTargets.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/hotline_add_module.cmake)
