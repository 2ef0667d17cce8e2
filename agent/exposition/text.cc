#include "agent/exposition/text.h"

#include <string_view>

#include "agent/exposition/metadata.h"
#include "agent/exposition/sample_lines.h"
#include "agent/exposition/text_buffer.h"
#include "shm/series/family.h"

namespace shmetrics::agent {

void WriteText(const ExposedFamilies& families, std::string* out) {
  TextBuffer buffer(out, ExpectedBytes(families));
  for (const ExposedFamily& exposed : families.list()) {
    const std::string name = MetadataName(exposed, exposed.name);
    WriteHelp(name, exposed.family->help, HelpQuotes::kPlain, &buffer);
    WriteMetadata("TYPE", name, shm::TypeName(exposed.family->type), &buffer);
    SampleLines(exposed, SampleLines::Exemplars::kHidden, &buffer).Write(exposed.family->series);
  }
}

}  // namespace shmetrics::agent
