/* A native messaging host as it is written for a browser, in plain C: frames on standard input and output, a length in
 * the machine's byte order before each. Nothing here knows of Portcullis; compiled to WebAssembly it runs in its sandbox.
 *
 * "ping" is answered with "pong", {"every": 250, "times": 3} with three {"tick": n}. As a program has one thread, it
 * reads the next message after the last tick. */

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Longer than any message that this program understands. */
enum { LONGEST = 4096 };

static void send_message(const char *json) {
  uint32_t length = (uint32_t)strlen(json);
  fwrite(&length, sizeof length, 1, stdout);
  fwrite(json, 1, length, stdout);
  /* The browser waits for this frame, and the C library for more to write. */
  fflush(stdout);
}

static bool number_of(const char *json, const char *member, uint64_t *number) {
  const char *at = strstr(json, member);
  return at != NULL && sscanf(at + strlen(member), " : %" SCNu64, number) == 1;
}

static void send_ticks(uint64_t every, uint64_t times) {
  struct timespec pause = {.tv_sec = (time_t)(every / 1000), .tv_nsec = (long)(every % 1000) * 1000000};
  for (uint64_t tick = 1; tick <= times; tick++) {
    char text[40];
    nanosleep(&pause, NULL);
    snprintf(text, sizeof text, "{\"tick\":%" PRIu64 "}", tick);
    send_message(text);
  }
}

static void answer(const char *json) {
  uint64_t every, times;
  if (strcmp(json, "\"ping\"") == 0) {
    send_message("\"pong\"");
  } else if (number_of(json, "\"every\"", &every) && number_of(json, "\"times\"", &times)) {
    send_ticks(every, times);
  } else {
    send_message("{\"error\":\"send \\\"ping\\\", or {\\\"every\\\": milliseconds, \\\"times\\\": n}\"}");
  }
}

int main(void) {
  char message[LONGEST + 1];
  uint32_t length;
  while (fread(&length, sizeof length, 1, stdin) == 1) {
    if (length > LONGEST) {
      fprintf(stderr, "a message of %" PRIu32 " bytes is too long\n", length);
      return EXIT_FAILURE;
    }
    if (fread(message, 1, length, stdin) != length) {
      fputs("the input ended within a message\n", stderr);
      return EXIT_FAILURE;
    }
    message[length] = '\0';
    answer(message);
  }
  return EXIT_SUCCESS;
}
