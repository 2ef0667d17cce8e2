#include "shm/exposition/format.h"

namespace shmetrics::shm {
namespace {

std::string_view EscapingName(Escaping escaping) {
  switch (escaping) {
    case Escaping::kUnderscores:
      return "underscores";
    case Escaping::kDots:
      return "dots";
    case Escaping::kValues:
      return "values";
    case Escaping::kAllowUtf8:
      return "allow-utf-8";
  }
  return "underscores";
}

}  // namespace

std::string ContentType(Exposition exposition) {
  std::string text;
  switch (exposition.format) {
    case Format::kText004:
      text = "text/plain; version=0.0.4";
      break;
    case Format::kText100:
      text = "text/plain; version=1.0.0";
      break;
    case Format::kOpenMetrics001:
      text = "application/openmetrics-text; version=0.0.1";
      break;
    case Format::kOpenMetrics100:
      text = "application/openmetrics-text; version=1.0.0";
      break;
  }
  return text.append("; charset=utf-8; escaping=").append(EscapingName(exposition.escaping));
}

bool IsOpenMetrics(Format format) {
  return format == Format::kOpenMetrics001 || format == Format::kOpenMetrics100;
}

std::string_view FormatName(Format format) {
  switch (format) {
    case Format::kText004:
      return "text_0.0.4";
    case Format::kText100:
      return "text_1.0.0";
    case Format::kOpenMetrics001:
      return "openmetrics_0.0.1";
    case Format::kOpenMetrics100:
      return "openmetrics_1.0.0";
  }
  return "text_0.0.4";
}

}  // namespace shmetrics::shm
