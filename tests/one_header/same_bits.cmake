# The program of the one header says what that of the many says.
#   cmake -D ONE=… -D MANY=… -P same_bits.cmake
cmake_minimum_required(VERSION 3.25)
foreach(form IN ITEMS ONE MANY)
  execute_process(COMMAND ${${form}} OUTPUT_VARIABLE said_${form} COMMAND_ERROR_IS_FATAL ANY)
endforeach()
if(NOT said_ONE STREQUAL said_MANY OR NOT said_ONE MATCHES "captures +[0-9a-f]+\nmean +[0-9a-f]+\nmean codes +[0-9a-f]+\nint4 +[0-9a-f]+\n")
  message(FATAL_ERROR "one header:\n${said_ONE}\nthe package's headers:\n${said_MANY}")
endif()
