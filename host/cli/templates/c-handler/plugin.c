/* Answers "ping" with "pong".
 *
 * The function is the one that `handler_plugin.h` declares. Two rules of its memory: a text that comes in is ours to
 * free, and one that goes out is freed by the bindings, so it must be a copy (`…_string_dup`). */

#include <string.h>

#include "handler_plugin.h"

bool exports_portcullis_plugin_handler_handle(exports_portcullis_plugin_handler_peer_t *peer,
                                              handler_plugin_string_t *message, handler_plugin_string_t *ret,
                                              exports_portcullis_plugin_handler_plugin_error_t *err) {
  static const char PING[] = "\"ping\"";
  bool is_ping = message->len == sizeof PING - 1 && memcmp(message->ptr, PING, message->len) == 0;
  exports_portcullis_plugin_handler_peer_free(peer);
  handler_plugin_string_free(message);
  if (!is_ping) {
    handler_plugin_string_dup(&err->code, "unknown-request");
    handler_plugin_string_dup(&err->message, "send `\"ping\"`");
    return false;
  }
  handler_plugin_string_dup(ret, "\"pong\"");
  return true;
}
