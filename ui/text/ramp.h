/*
 * Ramps: glyphs that stand for amounts, their ASCII stand-ins, and the colours of the 256-colour palette.
 *
 * Screens are composed with Unicode glyphs of width 1; where a terminal cannot show them, each is replaced by what
 * text_to_ascii says. So there is one drawing code, and the fallback is one table.
 */
#ifndef TEXT_RAMP_H
#define TEXT_RAMP_H

#include <stddef.h>
#include <stdint.h>

enum { TEXT_EIGHTHS = 8, TEXT_SHADES = 5 };

/* A block that fills `eighths` (0..8) of a cell from below; 0 is a space. */
uint32_t text_block(unsigned eighths);

/* The same from the left: for bars that lie. */
uint32_t text_block_left(unsigned eighths);

/* A shade of `level` (0..TEXT_SHADES): 0 is a space, 1 a dot, TEXT_SHADES full. */
uint32_t text_shade(unsigned level);

/* What stands for a character on an ASCII terminal: one or more ASCII characters, "?" when the table has none. Characters
   below 0x80 are not asked for. */
const char *text_to_ascii(uint32_t codepoint);

/* 0xRRGGBB of a colour of xterm's 256-colour palette (0..255). */
uint32_t text_palette(unsigned index);

/* UTF-8 of a character to out, terminated; returns its length. */
size_t text_encode(uint32_t codepoint, char out[5]);

#endif
