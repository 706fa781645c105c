# One file of refuse/: compiles with SQWA_ACCEPT, and without it fails with a message that its first line describes.
# cmake -D COMPILER=… -D FLAGS=… -D INCLUDES=… -D FILE=… -P refuse.cmake
file(STRINGS ${FILE} first LIMIT_COUNT 1)
if(NOT first MATCHES "^// expect: (.+)$")
  message(FATAL_ERROR "${FILE}: the first line must be \"// expect: \" and a regular expression")
endif()
set(expected "${CMAKE_MATCH_1}")
separate_arguments(FLAGS)
list(TRANSFORM INCLUDES PREPEND -I)
set(command ${COMPILER} ${FLAGS} -std=c++20 -fsyntax-only ${INCLUDES})

execute_process(COMMAND ${command} -DSQWA_ACCEPT ${FILE} RESULT_VARIABLE result ERROR_VARIABLE message)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "The right code beside the wrong one does not compile:\n${message}")
endif()

execute_process(COMMAND ${command} ${FILE} RESULT_VARIABLE result ERROR_VARIABLE message)
if(result EQUAL 0)
  message(FATAL_ERROR "${FILE} compiles, but must not")
endif()
string(REGEX REPLACE "[^ \n]*/[^ \n]*" "" words "${message}") # names of files prove nothing
if(NOT words MATCHES "constrain|satisf")
  message(FATAL_ERROR "The compiler does not speak of a constraint:\n${message}")
endif()
if(NOT words MATCHES "${expected}")
  message(FATAL_ERROR "The compiler does not say \"${expected}\":\n${message}")
endif()
