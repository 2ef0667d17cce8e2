// An nginx module that counts: what somebody who knows only shmetrics/c.h would write. The master attaches,
// or with `shmetrics_attach_in_worker on` each worker does, when it has become www-data. gunicorn_app.py does
// the same in gunicorn.

// nginx's own headers want this order.
// clang-format off
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
// clang-format on

#include "shmetrics/c.h"

typedef struct {
  ngx_flag_t attach_in_worker;
} main_conf;

typedef struct {
  shmetrics_lease* lease;  ///< null if it was refused
} request_context;

ngx_module_t shmetrics_requests_module;

static shmetrics_registry* registry;
static shmetrics_family* requests_total;
static shmetrics_family* requests_active;
static shmetrics_family* workers_active;
static shmetrics_histogram* request_seconds;
static shmetrics_gauge* worker_requests;

static ngx_log_t* own_log;      ///< of the cycle that runs
static shmetrics_lease* alive;  ///< one for each worker
static double served;           ///< by this worker

/// Logs a failure, and returns whether there was one.
static int failed(const char* what, shmetrics_code code, const shmetrics_error* error) {
  if (code == SHMETRICS_OK) return 0;
  ngx_log_error(NGX_LOG_ERR, own_log, 0, "shmetrics: %s: %s: %s", what, shmetrics_code_name(code),
                error == NULL ? "" : error->message);
  return 1;
}

static shmetrics_family_options named(const char* name) {
  const shmetrics_family_options options = {.size = sizeof options, .name = name, .help = "For a test."};
  return options;
}

static shmetrics_family_options with_label(const char* name, const char* const* label) {
  shmetrics_family_options options = named(name);
  options.labels = label;
  options.label_count = 1;
  return options;
}

/// Attaches and makes all handles, once in a process: after a reload they are those of before.
static ngx_int_t attach(void) {
  static const char* const code_label[] = {"code"};
  static const char* const user_label[] = {"user"};
  static const double bounds[] = {0.1, 1};
  shmetrics_family_options options;
  shmetrics_family* family;
  shmetrics_error error;
  if (registry != NULL) return NGX_OK;
  registry = shmetrics_registry_global();
  options = with_label("requests_total", code_label);
  if (failed("counter", shmetrics_counter_family(registry, &options, &requests_total, &error), &error))
    return NGX_ERROR;
  options = with_label("requests_active", user_label);
  if (failed("leases", shmetrics_lease_family(registry, &options, &requests_active, &error), &error))
    return NGX_ERROR;
  options = named("workers_active");
  if (failed("leases", shmetrics_lease_family(registry, &options, &workers_active, &error), &error))
    return NGX_ERROR;
  options = named("request_seconds");
  if (failed("histogram", shmetrics_histogram_family(registry, &options, bounds, 2, &family, &error),
             &error) ||
      failed("histogram", shmetrics_histogram_with(family, NULL, 0, &request_seconds), NULL))
    return NGX_ERROR;
  options = named("worker_requests");
  if (failed("gauge", shmetrics_gauge_family(registry, &options, SHMETRICS_GAUGE_SUM, &family, &error),
             &error) ||
      failed("gauge", shmetrics_gauge_with(family, NULL, 0, &worker_requests), NULL))
    return NGX_ERROR;
  return NGX_OK;
}

static main_conf* conf_of(ngx_cycle_t* cycle) {
  return ngx_http_cycle_get_module_main_conf(cycle, shmetrics_requests_module);
}

/// In the master, as root: at the start, and again at each reload.
static ngx_int_t init_master(ngx_cycle_t* cycle) {
  own_log = cycle->log;
  return conf_of(cycle)->attach_in_worker == 1 ? NGX_OK : attach();
}

/// In each worker, as www-data.
static ngx_int_t init_worker(ngx_cycle_t* cycle) {
  shmetrics_error error;
  own_log = cycle->log;
  if (attach() != NGX_OK) return NGX_OK;
  failed("set", shmetrics_gauge_set(worker_requests, 0), NULL);
  failed("acquire",
         shmetrics_lease_try_acquire(workers_active, NULL, 0, SHMETRICS_UNLIMITED, 0, &alive, &error),
         &error);
  return NGX_OK;
}

/// Each request holds a lease; a user may have one at a time.
static ngx_int_t begin_request(ngx_http_request_t* r) {
  request_context* context = ngx_pcalloc(r->pool, sizeof *context);
  char user[32] = "";
  const char* const values[] = {user};
  shmetrics_error error;
  ngx_str_t argument;
  int64_t limit = SHMETRICS_UNLIMITED;
  if (context == NULL) return NGX_ERROR;
  if (ngx_http_arg(r, (u_char*)"user", 4, &argument) == NGX_OK) {
    ngx_snprintf((u_char*)user, sizeof user - 1, "%V", &argument);
    limit = 1;
  }
  ngx_http_set_ctx(r, context, shmetrics_requests_module);
  const shmetrics_code code =
      shmetrics_lease_try_acquire(requests_active, values, 1, limit, 0, &context->lease, &error);
  if (code == SHMETRICS_LIMIT_REACHED) return NGX_HTTP_TOO_MANY_REQUESTS;
  return failed("acquire", code, &error) ? NGX_HTTP_SERVICE_UNAVAILABLE : NGX_DECLINED;
}

/// nginx calls it at each request's end, however that came. It counts last: then a scrape that shows the
/// request shows the rest too.
static ngx_int_t end_request(ngx_http_request_t* r) {
  request_context* context = ngx_http_get_module_ctx(r, shmetrics_requests_module);
  const ngx_time_t* now = ngx_timeofday();
  char code[8] = "";
  const char* const values[] = {code};
  shmetrics_counter* counter;
  if (context != NULL) shmetrics_lease_free(context->lease);
  failed("set", shmetrics_gauge_set(worker_requests, ++served), NULL);
  const double took = (double)(now->sec - r->start_sec) + ((double)now->msec - (double)r->start_msec) / 1000;
  failed("observe", shmetrics_histogram_observe(request_seconds, took), NULL);
  ngx_snprintf((u_char*)code, sizeof code - 1, "%ui", r->headers_out.status);
  failed("look up", shmetrics_counter_with(requests_total, values, 1, &counter), NULL);
  failed("count", shmetrics_counter_inc(counter), NULL);
  return NGX_OK;
}

static ngx_int_t add_handler(ngx_http_core_main_conf_t* core, ngx_http_phases phase,
                             ngx_http_handler_pt handler) {
  ngx_http_handler_pt* added = ngx_array_push(&core->phases[phase].handlers);
  if (added == NULL) return NGX_ERROR;
  *added = handler;
  return NGX_OK;
}

static ngx_int_t add_handlers(ngx_conf_t* conf) {
  ngx_http_core_main_conf_t* core = ngx_http_conf_get_module_main_conf(conf, ngx_http_core_module);
  return add_handler(core, NGX_HTTP_ACCESS_PHASE, begin_request) == NGX_OK
             ? add_handler(core, NGX_HTTP_LOG_PHASE, end_request)
             : NGX_ERROR;
}

static void* create_main_conf(ngx_conf_t* conf) {
  main_conf* made = ngx_pcalloc(conf->pool, sizeof *made);
  if (made != NULL) made->attach_in_worker = NGX_CONF_UNSET;
  return made;
}

static ngx_command_t commands[] = {
    {ngx_string("shmetrics_attach_in_worker"), NGX_HTTP_MAIN_CONF | NGX_CONF_FLAG, ngx_conf_set_flag_slot,
     NGX_HTTP_MAIN_CONF_OFFSET, offsetof(main_conf, attach_in_worker), NULL},
    ngx_null_command};

static ngx_http_module_t http_part = {.postconfiguration = add_handlers,
                                      .create_main_conf = create_main_conf};

ngx_module_t shmetrics_requests_module = {NGX_MODULE_V1, &http_part,  commands,    NGX_HTTP_MODULE,
                                          NULL,          init_master, init_worker, NULL,
                                          NULL,          NULL,        NULL,        NGX_MODULE_V1_PADDING};

// By these nginx finds what a file loaded by load_module holds.
extern ngx_module_t* ngx_modules[];
extern char* ngx_module_names[];
extern char* ngx_module_order[];
ngx_module_t* ngx_modules[] = {&shmetrics_requests_module, NULL};
char* ngx_module_names[] = {"shmetrics_requests_module", NULL};
char* ngx_module_order[] = {NULL};
