/* "ping" is answered with "pong", and {"every": 250, "times": 3} with three unsolicited {"tick": n} messages, one each
 * 250 milliseconds.
 *
 * The functions are those that `session_plugin.h` declares: the contract, as wit-bindgen writes it for C. Two rules of
 * its memory: a text that comes in as a parameter is ours to free, and one that goes out as a result is freed by the
 * bindings, so it must be a copy (`…_string_dup`). A text that is only lent to a function of the host need not be
 * (`…_string_set`).
 *
 * It looks at JSON with what the C library has, which is enough for messages of its own extension; a plugin with larger
 * ones brings a JSON library. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session_plugin.h"

/* The one timer of this plugin. */
static const uint64_t TICK = 1;

/* The ticks that are still to come, for the life of the port. */
static struct {
  uint64_t every, sent, times;
} ticks;

static void say(const char *text) {
  session_plugin_string_t line;
  session_plugin_string_set(&line, text);
  portcullis_plugin_log_write(PORTCULLIS_PLUGIN_LOG_LEVEL_INFO, &line);
}

static bool start_tick(exports_portcullis_plugin_session_plugin_error_t *err) {
  portcullis_plugin_timers_timer_error_t refused;
  if (portcullis_plugin_timers_set(ticks.every, TICK, &refused)) {
    return true;
  }
  /* What the host gave is ours, and so can be handed on. */
  err->code = refused.code;
  err->message = refused.message;
  return false;
}

/* The number of a member, where the text has it. */
static bool number_of(const char *json, const char *member, uint64_t *number) {
  const char *at = strstr(json, member);
  return at != NULL && sscanf(at + strlen(member), " : %" SCNu64, number) == 1;
}

bool exports_portcullis_plugin_session_connect(exports_portcullis_plugin_session_peer_t *peer,
                                               exports_portcullis_plugin_session_plugin_error_t *err) {
  (void)err;
  char line[256];
  snprintf(line, sizeof line, "connected to %.*s", (int)peer->origin.len, (const char *)peer->origin.ptr);
  say(line);
  exports_portcullis_plugin_session_peer_free(peer);
  return true;
}

bool exports_portcullis_plugin_session_message(session_plugin_string_t *json, session_plugin_option_string_t *ret,
                                               exports_portcullis_plugin_session_plugin_error_t *err) {
  char *text = strndup((const char *)json->ptr, json->len);
  session_plugin_string_free(json);
  if (text == NULL) {
    abort();
  }
  bool is_done = true;
  ret->is_some = false;
  if (strcmp(text, "\"ping\"") == 0) {
    ret->is_some = true;
    session_plugin_string_dup(&ret->val, "\"pong\"");
  } else if (number_of(text, "\"every\"", &ticks.every) && number_of(text, "\"times\"", &ticks.times)) {
    ticks.sent = 0;
    is_done = start_tick(err);
  } else {
    session_plugin_string_dup(&err->code, "unknown-request");
    session_plugin_string_dup(&err->message, "send `\"ping\"`, or `{\"every\": milliseconds, \"times\": n}`");
    is_done = false;
  }
  free(text);
  return is_done;
}

bool exports_portcullis_plugin_session_timer(uint64_t token, exports_portcullis_plugin_session_plugin_error_t *err) {
  (void)token;
  char text[40];
  snprintf(text, sizeof text, "{\"tick\":%" PRIu64 "}", ++ticks.sent);
  session_plugin_string_t json;
  session_plugin_string_set(&json, text);
  portcullis_plugin_port_post_error_t refused;
  if (!portcullis_plugin_port_post(&json, &refused)) {
    err->code = refused.code;
    err->message = refused.message;
    return false;
  }
  return ticks.sent >= ticks.times || start_tick(err);
}

void exports_portcullis_plugin_session_disconnect(void) {
  say("disconnected");
}
