/* The terminal by way of curses: start, stop, keys, cells. */
#include "tui/terminal.h"

#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#include "text/ramp.h"
#include "tui/signals.h"

static struct {
    SCREEN *screen;
    FILE *in, *out;
    bool owns_in, owns_out;
    bool headless, colored; /* colored: it can show colours, and may */
    bool forget;
    size_t theme;                 /* of which the pairs are */
    short pairs[TUI_STYLE_COUNT]; /* 0: the terminal's own colours */
    int cursor;                   /* as last set: -1 not yet */
    bool knows_mouse, has_mouse;  /* it has one; it is heard */
    char mouse[24];               /* what the mouse sends, as far as it has come */
    int mouse_size;               /* -1: nothing has begun */
    mbstate_t character;          /* as far as its bytes have come */
    tui_canvas shown;             /* what curses has been told */
} terminal;

enum { KEY_OF_MOUSE = 3000 };                        /* beyond the keys that curses numbers */
enum { MOVED = 32, WHEEL_UP = 64, WHEEL_DOWN = 65 }; /* buttons in what the mouse sends; MOVED with one held */

static const struct {
    unsigned button;
    char end; /* of the report */
    tui_key kind;
} mouse_reports[] = {
    { 0, 'M', TUI_KEY_CLICK },           { 0 | MOVED, 'M', TUI_KEY_DRAG },        { 0, 'm', TUI_KEY_RELEASE },
    { WHEEL_UP, 'M', TUI_KEY_WHEEL_UP }, { WHEEL_DOWN, 'M', TUI_KEY_WHEEL_DOWN },
};

static const struct {
    int code;
    tui_key key;
} special_keys[] = {
    { KEY_UP, TUI_KEY_UP },
    { KEY_DOWN, TUI_KEY_DOWN },
    { KEY_LEFT, TUI_KEY_LEFT },
    { KEY_RIGHT, TUI_KEY_RIGHT },
    { KEY_PPAGE, TUI_KEY_PAGE_UP },
    { KEY_NPAGE, TUI_KEY_PAGE_DOWN },
    { KEY_HOME, TUI_KEY_HOME },
    { KEY_END, TUI_KEY_END },
    { KEY_DC, TUI_KEY_DELETE },
    { KEY_BTAB, TUI_KEY_BACK_TAB },
    { KEY_BACKSPACE, TUI_KEY_BACKSPACE },
    { KEY_ENTER, TUI_KEY_ENTER },
    { KEY_SUSPEND, TUI_CONTROL('z') }, /* what the Linux console calls it */
};

static ql_status fail(ql_error *error, const char *message)
{
    snprintf(error->message, sizeof error->message, "%s", message);
    return error->status = QL_BAD_USAGE;
}

/* `stream` when it is a terminal, else the controlling terminal; NULL when there is none. */
static FILE *open_side(FILE *stream, const char *mode, bool *owned)
{
    *owned = !isatty(fileno(stream));
    return *owned ? fopen("/dev/tty", mode) : stream;
}

/* A stream on a descriptor of its own. */
static FILE *open_again(int fd, const char *mode)
{
    const int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    FILE *stream = own >= 0 ? fdopen(own, mode) : NULL;
    if (!stream && own >= 0)
        close(own);
    return stream;
}

static void close_streams(void)
{
    if (terminal.owns_in && terminal.in)
        fclose(terminal.in);
    if (terminal.owns_out && terminal.out)
        fclose(terminal.out);
    terminal.in = terminal.out = NULL;
}

/* A pair for every style with a colour of its own in the theme; the others keep pair 0, the terminal's colours. Monochrome
   terminals never get here. */
static void use_colors(void)
{
    memset(terminal.pairs, 0, sizeof terminal.pairs);
    short background = use_default_colors() == OK ? -1 : COLOR_BLACK, pair = 1; /* else curses takes white on black */
    if (!tui_theme_has_colors())
        return;
    for (int style = 0; style < TUI_STYLE_COUNT; style++) {
        const tui_look *look = tui_theme(style);
        short color = COLORS >= 256 ? look->color_256 : look->color_8;
        if (color >= 0 && color < COLORS && pair < COLOR_PAIRS && init_pair(pair, color, background) == OK)
            terminal.pairs[style] = pair++;
    }
}

static bool wants_color(tui_color color)
{
    const char *no_color = getenv("NO_COLOR");
    return color == TUI_COLOR_ALWAYS || (color == TUI_COLOR_AUTO && !(no_color && *no_color));
}

/* Appends what the capability sends, without padding. */
static size_t append_capability(char *out, size_t used, size_t size, const char *name)
{
    const char *text = tigetstr((char *)name);
    if (!text || text == (char *)-1)
        return used;
    for (; *text && used < size; text++) {
        if (text[0] == '$' && text[1] == '<' && strchr(text, '>'))
            text = strchr(text, '>');
        else
            out[used++] = *text;
    }
    return used;
}

/* Behind what curses has written so far, half a sequence perhaps: the delay of nothing makes it hand that over. When the
   terminal is gone the event loop learns it from poll. */
static void send(const char *bytes)
{
    if (!terminal.headless)
        delay_output(0);
    for (size_t left = terminal.headless ? 0 : strlen(bytes); left > 0;) {
        const ssize_t written = write(fileno(terminal.out), bytes, left);
        if (written < 0 && errno == EINTR)
            continue; /* a signal while the terminal was busy */
        if (written <= 0)
            return;
        bytes += written;
        left -= (size_t)written;
    }
}

/* Clicks, the wheel, and moves while a button is held, in the encoding that has no end of the screen; a terminal that does not
   know of moves (1002) still tells of clicks (1000). Shift makes all of it the terminal's own. */
#define MOUSE_ON  "\033[?1000h\033[?1002h\033[?1006h"
#define MOUSE_OFF "\033[?1006l\033[?1002l\033[?1000l"

/* Where the terminal's description knows a mouse. Curses is told only how its reports begin: it reads them differently from
   one version and terminal to the next. */
static void start_mouse(void)
{
    const char *mouse = tigetstr("kmous");
    terminal.knows_mouse = !terminal.headless && mouse && mouse != (char *)-1 && define_key("\033[<", KEY_OF_MOUSE) == OK;
}

void tui_terminal_hear_mouse(bool heard)
{
    if (terminal.has_mouse != (heard && terminal.knows_mouse))
        send(heard ? MOUSE_ON : MOUSE_OFF);
    terminal.has_mouse = heard && terminal.knows_mouse;
}

/* Tells the crash handler how to leave the terminal. */
static void arm_guard(const struct termios *modes)
{
    static const char *const capabilities[] = { "sgr0", "op", "rmkx", "cnorm", "rmcup" };
    char bytes[512] = TUI_FRAME_END MOUSE_OFF;
    size_t used = strlen(bytes);
    for (size_t i = 0; i < sizeof capabilities / sizeof capabilities[0]; i++)
        used = append_capability(bytes, used, sizeof bytes, capabilities[i]);
    tui_signals_guard(fileno(terminal.out), modes, bytes, used);
}

/* Whether curses knows the type and can do more with it than print lines. */
static bool can_place_text(const char *type)
{
    int problem;
    if (setupterm((char *)type, fileno(terminal.out), &problem) != OK)
        return false;
    const char *cup = tigetstr("cup");
    bool can = cup && cup != (char *)-1;
    del_curterm(cur_term);
    return can;
}

ql_status tui_terminal_start(const tui_terminal_options *options, ql_error *error)
{
    memset(&terminal, 0, sizeof terminal);
    terminal.headless = options->headless;
    terminal.theme = tui_theme_index();
    terminal.cursor = terminal.mouse_size = -1;
    if (options->headless) {
        terminal.owns_in = terminal.owns_out = true;
        terminal.in = fopen("/dev/null", "re");
        terminal.out = fopen("/dev/null", "we");
    } else if (options->on_fd) {
        terminal.owns_in = terminal.owns_out = true;
        terminal.in = open_again(options->fd, "r");
        terminal.out = open_again(options->fd, "w");
    } else {
        terminal.in = open_side(stdin, "re", &terminal.owns_in);
        terminal.out = open_side(stdout, "we", &terminal.owns_out);
    }
    if (!terminal.in || !terminal.out) {
        close_streams();
        return fail(error, "the terminal interface needs a terminal; --screenshot FILE makes a picture without one");
    }

    struct termios modes;
    bool has_modes = !options->headless && tcgetattr(fileno(terminal.in), &modes) == 0;
    if (!tui_signals_start()) {
        close_streams();
        return fail(error, "the system has no pipe left for signals");
    }
    set_escdelay(10); /* milliseconds, as tmux waits: a lone Esc is felt at once, a sequence comes whole */
    const char *type = options->headless || options->on_fd ? "xterm-256color" : getenv("TERM");
    if (can_place_text(type))
        terminal.screen = newterm((char *)type, terminal.out, terminal.in);
    if (!terminal.screen) {
        tui_signals_stop();
        close_streams();
        return fail(error, "the terminal type in TERM is unknown or cannot place text; set TERM, or use `qloupe compare` "
                           "and `qloupe stat`");
    }
    if (has_modes)
        arm_guard(&modes);
    raw();
    noecho();
    nonl();
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    leaveok(stdscr, FALSE);
    typeahead(
        -1); /* else a key that waits would cut a repaint short, and nothing would end it when the key changes nothing */
    start_mouse();
    tui_terminal_hear_mouse(!options->no_mouse);
    terminal.colored = wants_color(options->color) && has_colors();
    if (terminal.colored) {
        start_color();
        use_colors();
    }
    if (options->headless)
        resize_term(options->rows, options->cols);
    return QL_OK;
}

void tui_terminal_stop(void)
{
    if (!terminal.screen)
        return;
    if (terminal.has_mouse)
        send(MOUSE_OFF);
    endwin();
    delscreen(terminal.screen);
    terminal.screen = NULL;
    tui_signals_stop();
    close_streams();
    tui_canvas_free(&terminal.shown);
}

int tui_terminal_fd(void)
{
    return terminal.headless ? -1 : fileno(terminal.in);
}

void tui_terminal_size(int *rows, int *cols)
{
    struct winsize size;
    if (!terminal.headless && ioctl(fileno(terminal.out), TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0) {
        *rows = size.ws_row;
        *cols = size.ws_col;
    } else {
        getmaxyx(stdscr, *rows, *cols);
    }
}

/* What the mouse did: "0;40;3M" is button 0 pressed in column 40, row 3. The wheel is buttons 64 and 65; 4, 8 and 16 are
   modifiers; 32 says that the mouse moved while the button was held. A release ends in m. Other buttons are nothing. */
static tui_key read_mouse(const char *report)
{
    enum { MODIFIERS = 4 | 8 | 16 };
    unsigned button, col, row;
    char end;
    if (sscanf(report, "%4u;%6u;%6u%c", &button, &col, &row, &end) != 4 || row < 1 || col < 1 || row > TUI_MOUSE_MOST ||
        col > TUI_MOUSE_MOST)
        return TUI_KEY_NONE;
    button &= ~(unsigned)MODIFIERS;
    for (size_t i = 0; i < sizeof mouse_reports / sizeof mouse_reports[0]; i++)
        if (mouse_reports[i].button == button && mouse_reports[i].end == end)
            return TUI_MOUSE(mouse_reports[i].kind, row - 1, col - 1);
    return TUI_KEY_NONE;
}

/* Takes a part of a report, which may come in pieces; true when the report has ended, with what it says. */
static bool take_mouse(int part, tui_key *out)
{
    if (terminal.mouse_size + 1 < (int)sizeof terminal.mouse)
        terminal.mouse[terminal.mouse_size++] = (char)part;
    if (part != 'M' && part != 'm')
        return false;
    terminal.mouse[terminal.mouse_size] = 0;
    terminal.mouse_size = -1;
    *out = read_mouse(terminal.mouse);
    return *out != TUI_KEY_NONE;
}

/* Takes a byte of a character of the locale, which may come in pieces; true when it is whole. What is no character is
   dropped, and the byte that breaks it off may begin the next. (get_wch would drop all that comes behind it, too.) */
static bool take_character(int byte, wchar_t *out)
{
    const char c = (char)byte;
    size_t size = mbrtowc(out, &c, 1, &terminal.character);
    if (size == (size_t)-1) {
        memset(&terminal.character, 0, sizeof terminal.character);
        size = mbrtowc(out, &c, 1, &terminal.character);
    }
    if (size == (size_t)-1)
        memset(&terminal.character, 0, sizeof terminal.character);
    return size == 1;
}

/* The key that curses has a number for; TUI_KEY_NONE when there is no use for it here. */
static tui_key find_key(int code)
{
    for (size_t i = 0; i < sizeof special_keys / sizeof special_keys[0]; i++)
        if (special_keys[i].code == code)
            return special_keys[i].key;
    return code >= KEY_F(1) && code <= KEY_F(12) ? TUI_KEY_F1 + (tui_key)(code - KEY_F(1)) : TUI_KEY_NONE;
}

tui_key tui_terminal_key(void)
{
    tui_key pressed = TUI_KEY_NONE;
    for (int code; (code = getch()) != ERR;) {
        wchar_t character;
        if (terminal.mouse_size >= 0 && code > 0 && code < 0x80 && strchr("0123456789;Mm", code)) {
            if (take_mouse(code, &pressed))
                return pressed;
            continue;
        }
        terminal.mouse_size = code == KEY_OF_MOUSE ? 0 : -1; /* a report that something else breaks off is none */
        if (code < KEY_MIN) {
            if (take_character(code, &character))
                return character == '\n' ? TUI_KEY_ENTER : character == 8 ? TUI_KEY_BACKSPACE : (tui_key)character;
        } else if ((pressed = find_key(code)) != TUI_KEY_NONE) {
            return pressed;
        }
    }
    return TUI_KEY_NONE;
}

size_t tui_terminal_encode(tui_key key, char out[TUI_KEY_BYTES])
{
    int code = key >= TUI_KEY_F1 && key < TUI_KEY_F1 + 12 ? KEY_F(1 + (int)(key - TUI_KEY_F1)) : 0;
    for (size_t i = 0; i < sizeof special_keys / sizeof special_keys[0]; i++)
        if (special_keys[i].key == key && key >= TUI_KEY_UP)
            code = special_keys[i].code;
    out[0] = 0;
    if (TUI_MOUSE_KIND(key)) {
        for (size_t i = 0; terminal.has_mouse && i < sizeof mouse_reports / sizeof mouse_reports[0]; i++)
            if (mouse_reports[i].kind == TUI_MOUSE_KIND(key))
                snprintf(out, TUI_KEY_BYTES, "\033[<%u;%d;%d%c", mouse_reports[i].button, TUI_MOUSE_COL(key) + 1,
                         TUI_MOUSE_ROW(key) + 1, mouse_reports[i].end);
    } else if (code) {
        char *sequence = keybound(code, 0); /* owned */
        snprintf(out, TUI_KEY_BYTES, "%s", sequence ? sequence : "");
        free(sequence);
    } else if (key < TUI_KEY_UP) {
        text_encode(key, out);
    }
    return strlen(out);
}

static attr_t curses_attributes(unsigned attributes)
{
    return (attributes & TUI_BOLD ? A_BOLD : 0) | (attributes & TUI_DIM ? A_DIM : 0) |
           (attributes & TUI_REVERSE ? A_REVERSE : 0);
}

static bool has_colors_now(void)
{
    return terminal.colored && tui_theme_has_colors();
}

static void put(int y, int x, const tui_cell *cell)
{
    const tui_look *look = tui_theme(cell->style);
    wchar_t text[2] = { (wchar_t)cell->codepoint, 0 };
    cchar_t wide;
    bool has_color = terminal.pairs[cell->style] > 0 || (has_colors_now() && COLORS >= 256);
    attr_t attributes = curses_attributes(has_color ? look->attributes : look->plain);
    setcchar(&wide, text, attributes, terminal.pairs[cell->style], NULL);
    mvadd_wch(y, x, &wide);
}

/* A repaint between these two appears at once on terminals that know them; others ignore them. */
static void synchronize(bool begin)
{
    send(begin ? "\033[?2026h" : TUI_FRAME_END);
}

/* Makes curses as large as the canvas, and blank. Returns false when memory is short. */
static bool start_over(const tui_canvas *canvas)
{
    resize_term(canvas->rows, canvas->cols);
    if (!tui_canvas_resize(&terminal.shown, canvas->rows, canvas->cols))
        return false;
    werase(stdscr);
    clearok(curscr, TRUE);
    terminal.forget = false;
    return true;
}

/* Tells curses what differs; returns whether anything does. */
static bool put_differences(const tui_canvas *canvas)
{
    bool differs = false;
    for (int y = 0; y < canvas->rows; y++) {
        for (int x = 0; x < canvas->cols; x++) {
            const tui_cell *cell = &canvas->cells[y * canvas->cols + x];
            tui_cell *shown = &terminal.shown.cells[y * canvas->cols + x];
            if (cell->codepoint == shown->codepoint && cell->style == shown->style)
                continue;
            *shown = *cell;
            differs = true;
            if (cell->codepoint != 0)
                put(y, x, cell);
        }
    }
    return differs;
}

bool tui_terminal_show(const tui_canvas *canvas, int cursor_y, int cursor_x)
{
    if (terminal.theme != tui_theme_index()) {
        terminal.theme = tui_theme_index();
        terminal.forget = true;
        if (terminal.colored)
            use_colors();
    }
    bool resized = canvas->rows != terminal.shown.rows || canvas->cols != terminal.shown.cols || terminal.forget;
    if (resized && !start_over(canvas))
        return false;
    bool differs = put_differences(canvas);
    int cursor = cursor_y >= 0;
    if (cursor != terminal.cursor)
        curs_set(cursor);
    terminal.cursor = cursor;
    if (!differs && !resized && !cursor)
        return false;
    move(cursor ? cursor_y : 0, cursor ? cursor_x : 0);
    synchronize(true);
    refresh();
    synchronize(false);
    return true;
}

bool tui_terminal_copy(const char *text)
{
    static const char begin[] = "\033]52;c;", end[] = "\a";
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const size_t size = strlen(text);
    char *bytes = malloc(sizeof begin + sizeof end + (size + 2) / 3 * 4);
    if (!bytes)
        return false;
    char *out = stpcpy(bytes, begin);
    for (size_t i = 0; i < size; i += 3) { /* base64, RFC 4648 */
        const size_t count = size - i < 3 ? size - i : 3;
        uint32_t bits = 0;
        for (size_t k = 0; k < 3; k++)
            bits = bits << 8 | (k < count ? (unsigned char)text[i + k] : 0);
        for (size_t k = 0; k < 4; k++)
            *out++ = k <= count ? digits[bits >> (18 - 6 * k) & 63] : '=';
    }
    stpcpy(out, end);
    send(bytes);
    free(bytes);
    return true;
}

void tui_terminal_forget(void)
{
    if (!terminal.headless)
        reset_prog_mode();
    if (terminal.has_mouse)
        send(MOUSE_ON);
    terminal.cursor = -1;
    terminal.forget = true;
}

void tui_terminal_suspend(void)
{
    if (terminal.headless)
        return;
    if (terminal.has_mouse)
        send(MOUSE_OFF);
    endwin();
    tui_signals_suspend();
    tui_terminal_forget();
}

/* The colour of a style on this screen. */
static uint32_t foreground(short pair)
{
    const uint32_t default_color = tui_theme_foreground();
    short color = -1, background = -1;
    if (pair > 0)
        pair_content(pair, &color, &background);
    return color < 0 ? default_color : text_palette((unsigned)color);
}

/* A colour halfway to the background. */
static uint32_t halve(uint32_t color, uint32_t background)
{
    return ((color >> 1) & 0x7f7f7f) + ((background >> 1) & 0x7f7f7f);
}

void tui_terminal_cells(ql_cell *cells)
{
    const uint32_t default_background = tui_theme_background();
    int rows = terminal.shown.rows, cols = terminal.shown.cols;
    for (int y = 0; y < rows; y++) {
        for (int x = 0; x < cols; x++) {
            ql_cell *cell = &cells[y * cols + x];
            *cell = (ql_cell) { ' ', 0, default_background, false, false };
            cchar_t wide;
            wchar_t text[CCHARW_MAX + 1] = { 0 };
            attr_t attributes = 0;
            short pair = 0;
            if (mvin_wch(y, x, &wide) != OK || getcchar(&wide, text, &attributes, &pair, NULL) != OK)
                continue;
            cell->codepoint = terminal.shown.cells[y * cols + x].codepoint == 0 ? 0 : (uint32_t)text[0];
            cell->foreground = foreground(pair);
            cell->bold = (attributes & A_BOLD) != 0;
            if (attributes & A_DIM)
                cell->foreground = halve(cell->foreground, cell->background);
            if (attributes & A_REVERSE) {
                uint32_t swap = cell->foreground;
                cell->foreground = cell->background;
                cell->background = swap;
            }
        }
    }
}
