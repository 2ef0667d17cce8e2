#include "shm/exposition/text.h"

#include <string_view>

#include "shm/exposition/metadata.h"
#include "shm/exposition/sample_lines.h"
#include "shm/exposition/text_buffer.h"
#include "shm/series/family.h"

namespace shmetrics::shm {

void WriteText(const ExposedFamilies& families, std::string* out) {
  TextBuffer buffer(out, ExpectedBytes(families));
  for (const ExposedFamily& exposed : families.list()) {
    const std::string name = MetadataName(exposed, exposed.name);
    WriteHelp(name, exposed.family->help, HelpQuotes::kPlain, &buffer);
    WriteMetadata("TYPE", name, TypeName(exposed.family->type), &buffer);
    SampleLines(exposed, SampleLines::Exemplars::kHidden, &buffer).Write(exposed.family->series);
  }
}

}  // namespace shmetrics::shm
