/* Uses the installed library from C, and tells if it reached its segment. */

#include <shmetrics/c.h>
#include <stdio.h>

int main(void) {
  shmetrics_registry* registry = shmetrics_registry_global();
  const char* labels[] = {"method"};
  const char* get[] = {"GET"};
  const shmetrics_family_options options = {
      .size = sizeof options, .name = "consumer_requests_total", .labels = labels, .label_count = 1};
  shmetrics_family* requests;
  shmetrics_counter* counter;
  shmetrics_status status;
  char text[512];
  if (shmetrics_counter_family(registry, &options, &requests, NULL) != SHMETRICS_OK) return 1;
  if (shmetrics_counter_with(requests, get, 1, &counter) != SHMETRICS_OK) return 1;
  if (shmetrics_counter_inc(counter) != SHMETRICS_OK) return 1;

  shmetrics_registry_describe(registry, text, sizeof text, NULL);
  puts(text);
  return shmetrics_registry_status(registry, &status) == SHMETRICS_OK && status.attached &&
                 status.refusals == 0
             ? 0
             : 1;
}
