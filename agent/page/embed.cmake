# Writes a C++ source that holds files as bytes, so that the agent serves its page from memory.
# Usage: cmake -D OUTPUT=embedded_files.cc -D "FILES=a.js;b.css" -P embed.cmake
set(arrays "")
set(entries "")
set(index 0)
foreach(path IN LISTS FILES)
  get_filename_component(name ${path} NAME)
  file(READ ${path} bytes HEX)
  string(REGEX REPLACE "(..)" "'\\\\x\\1'," bytes "${bytes}")
  string(APPEND arrays "constexpr char kFile${index}[] = {${bytes}};\n")
  string(APPEND entries "    {\"${name}\", {kFile${index}, sizeof kFile${index}}},\n")
  math(EXPR index "${index} + 1")
endforeach()
file(WRITE ${OUTPUT} "// Made by agent/page/embed.cmake.
#include \"agent/page/embedded_files.h\"

namespace shmetrics::agent {
namespace {
${arrays}
constexpr EmbeddedFile kFiles[] = {
${entries}};
}  // namespace

std::span<const EmbeddedFile> EmbeddedFiles() { return kFiles; }
}  // namespace shmetrics::agent
")
