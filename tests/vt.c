/* A parser of what terminals take: ECMA-48 as far as the descriptions of common terminals use it, and xterm's modes. */
#include "vt.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GROUND, ESCAPE, CHARSET, CSI, OSC };

static void complain(vt *screen, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void complain(vt *screen, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    if (!screen->problem[0])
        vsnprintf(screen->problem, sizeof screen->problem, format, list);
    va_end(list);
}

static void set_mode(vt *screen, unsigned mode, bool on)
{
    switch (mode) {
    case 1:
        screen->keypad = on;
        break;
    case 25:
        screen->cursor_hidden = !on;
        break;
    case 47:
    case 1047:
    case 1049:
        screen->alternate = on;
        break;
    case 1000:
    case 1002:
    case 1003:
        screen->mouse = on;
        break;
    case 2026:
        screen->frames += screen->synchronized && !on;
        screen->synchronized = on;
        break;
    case 3: /* columns, scrolling, origin, wrapping, blinking, meta: what starting or leaving sets */
    case 4:
    case 5:
    case 6:
    case 7:
    case 12:
    case 1006:
    case 1034:
        break;
    default:
        complain(screen, "mode %u, which nothing here asks for", mode);
    }
}

/* A control sequence: parameters and the character that ends it are in screen->sequence. */
static void end_sequence(vt *screen)
{
    const char final = screen->sequence[screen->used - 1];
    char *at = screen->sequence;
    if ((final == 'h' || final == 'l') && *at == '?') {
        do
            set_mode(screen, (unsigned)strtoul(at + 1, &at, 10), final == 'h');
        while (*at == ';');
    } else if (!strchr("ABCDGHJKLMPSTXZ@bcdfghlmrt", final)) {
        complain(screen, "the sequence CSI %s, which nothing here asks for", screen->sequence);
    }
    screen->clears += final == 'J';
}

/* The clipboard in base64, or the palette back as it was. */
static void end_command(vt *screen)
{
    const size_t size = strspn(screen->sequence, "0123456789;");
    if (strcmp(screen->sequence, "104") != 0 && (strncmp(screen->sequence, "52;", 3) != 0 || screen->sequence[size] != 'c'))
        complain(screen, "the command OSC %s, which nothing here asks for", screen->sequence);
}

static void take_control(vt *screen, unsigned char byte)
{
    if (byte == 27)
        screen->state = ESCAPE;
    else if (byte != 0 && !strchr("\a\b\t\n\r\016\017", byte)) /* zeros are padding */
        complain(screen, "the control character %u", byte);
}

static void take_character(vt *screen, unsigned codepoint)
{
    if (!screen->alternate && !screen->synchronized)
        return; /* the shell's screen, where what is typed comes back */
    if (screen->ascii && codepoint > 126)
        complain(screen, "U+%04X where only ASCII can be shown", codepoint);
    if ((codepoint >= 0x7f && codepoint < 0xa0) || (codepoint >= 0x202a && codepoint <= 0x202e) ||
        (codepoint >= 0x2066 && codepoint <= 0x2069))
        complain(screen, "U+%04X, which is no character to show", codepoint);
    if (!screen->synchronized)
        complain(screen, "the character U+%04X outside a synchronized update", codepoint);
}

/* A byte of text, of a character that may take more of them (RFC 3629). */
static void take_text(vt *screen, unsigned char byte)
{
    const bool goes_on = (byte & 0xc0) == 0x80;
    if (goes_on != (screen->missing > 0) || byte >= 0xf8) {
        if (screen->alternate || screen->synchronized)
            complain(screen, "the byte %#x, which is no UTF-8", byte);
        screen->missing = 0;
    } else if (goes_on) {
        screen->codepoint = screen->codepoint << 6 | (byte & 63);
        if (--screen->missing == 0)
            take_character(screen, screen->codepoint);
    } else if (byte < 0x80) {
        take_character(screen, byte);
    } else {
        screen->missing = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : 1;
        screen->codepoint = byte & (0x3fu >> screen->missing);
    }
}

/* Keeps a byte of a sequence; its end is cut off. */
static void keep(vt *screen, unsigned char byte)
{
    if (screen->used + 1 < sizeof screen->sequence)
        screen->sequence[screen->used++] = (char)byte;
    screen->sequence[screen->used] = 0;
}

static void take_escape(vt *screen, unsigned char byte)
{
    screen->used = 0;
    screen->state = byte == '[' ? CSI : byte == ']' ? OSC : strchr("()*+#", byte) ? CHARSET : GROUND;
    if (screen->state == GROUND && !strchr("=>78cDEHMl", byte))
        complain(screen, "the sequence ESC and %#x, which nothing here asks for", byte);
}

static void take(vt *screen, unsigned char byte)
{
    switch (screen->state) {
    case ESCAPE:
        take_escape(screen, byte);
        break;
    case CHARSET:
        screen->state = GROUND;
        break;
    case CSI:
        keep(screen, byte);
        if (byte >= 0x40 || byte < 0x20) {
            end_sequence(screen);
            screen->state = GROUND;
        }
        break;
    case OSC:
        if (screen->used == 0 && byte == 'R') {
            screen->state = GROUND;
        } else if (byte == '\a') {
            end_command(screen);
            screen->state = GROUND;
        } else {
            keep(screen, byte);
        }
        break;
    default:
        if (byte < 32)
            take_control(screen, byte);
        else
            take_text(screen, byte);
    }
}

void vt_feed(vt *screen, const char *bytes, size_t size)
{
    screen->bytes += size;
    for (size_t i = 0; i < size; i++)
        take(screen, (unsigned char)bytes[i]);
}

bool vt_is_left(const vt *screen)
{
    return !screen->alternate && !screen->cursor_hidden && !screen->mouse && !screen->keypad && !screen->synchronized &&
           screen->state == GROUND;
}
