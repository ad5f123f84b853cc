/* The reference in C, on the system's own calls. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LONGEST_REPLY (1024 * 1024)

static int read_all(unsigned char *to, size_t length) {
    while (length > 0) {
        ssize_t count = read(0, to, length);
        if (count <= 0) return 0;
        to += count;
        length -= (size_t)count;
    }
    return 1;
}

static int write_all(const unsigned char *from, size_t length) {
    while (length > 0) {
        ssize_t count = write(1, from, length);
        if (count <= 0) return 0;
        from += count;
        length -= (size_t)count;
    }
    return 1;
}

int main(void) {
    size_t room = 4096;
    unsigned char *frame = malloc(room);
    uint32_t length;
    while (frame != NULL && read_all((unsigned char *)&length, sizeof length)) {
        if (room < length + sizeof length) {
            room = length + sizeof length;
            free(frame);
            frame = malloc(room);
            if (frame == NULL) return 1;
        }
        if (!read_all(frame + sizeof length, length)) return 1;
        if (length > LONGEST_REPLY) length = (uint32_t)sprintf((char *)frame + sizeof length, "%u", length);
        memcpy(frame, &length, sizeof length);
        if (!write_all(frame, length + sizeof length)) return 1;
    }
    return frame == NULL;
}
