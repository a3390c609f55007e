/* The microscope: where it stands, and its strip. */
#include "tui/scope.h"

#include "tui/document.h"

bool tui_scope_is_placed(const tui_document *document)
{
    return document->scope.is_placed && document->scope.tensor == document->tensor;
}

size_t tui_scope_count(const tui_document *document)
{
    const uint64_t left = tui_document_tensor(document)->cols - document->scope.col;
    return left < QL_STRIP_MOST ? (size_t)left : QL_STRIP_MOST;
}

tui_wish tui_scope_wish(const tui_document *document)
{
    const tui_scope *scope = &document->scope;
    return (tui_wish) { .row = scope->row, .col = scope->col, .cols = tui_scope_count(document) };
}

/* At the weight of largest magnitude. */
static void find_start(const tui_document *document, tui_scope *scope)
{
    const ql_tensor *tensor = tui_document_tensor(document);
    const uint64_t index = document->shown->report->stats.max_abs_index;
    const bool is_across = tensor->layout == QL_LAYOUT_IN_OUT;
    const uint64_t col = is_across ? index / tensor->rows : index % tensor->cols;
    scope->row = is_across ? index % tensor->rows : index / tensor->cols;
    scope->at = (size_t)(col % QL_STRIP_MOST);
    scope->col = col - scope->at;
    scope->tensor = document->tensor;
    scope->is_placed = true;
}

void tui_scope_place(tui_document *document)
{
    const bool can = tui_document_is_exact(document) && document->problem.status == QL_OK;
    if (document->pins.open && can && !tui_scope_is_placed(document))
        find_start(document, &document->scope);
}

void tui_scope_move_block(tui_document *document, int direction)
{
    tui_scope *scope = &document->scope;
    const ql_tensor *tensor = tui_document_tensor(document);
    if (!tui_scope_is_placed(document))
        return;
    if (direction > 0 && scope->col + QL_STRIP_MOST < tensor->cols) {
        scope->col += QL_STRIP_MOST;
    } else if (direction > 0 && scope->row + 1 < tensor->rows) {
        scope->row++;
        scope->col = 0;
    } else if (direction < 0 && scope->col > 0) {
        scope->col -= QL_STRIP_MOST;
    } else if (direction < 0 && scope->row > 0) {
        scope->row--;
        scope->col = (tensor->cols - 1) / QL_STRIP_MOST * QL_STRIP_MOST;
    } else {
        tui_document_say(document, false, direction > 0 ? "that is the last block" : "that is the first block");
        return;
    }
    const size_t count = tui_scope_count(document);
    scope->at = scope->at < count ? scope->at : count - 1;
}

void tui_scope_move_weight(tui_document *document, int direction)
{
    tui_scope *scope = &document->scope;
    if (!tui_scope_is_placed(document))
        return;
    const uint64_t row = scope->row, col = scope->col;
    if (direction > 0 ? scope->at + 1 < tui_scope_count(document) : scope->at > 0) {
        scope->at = direction > 0 ? scope->at + 1 : scope->at - 1;
        return;
    }
    tui_scope_move_block(document, direction);
    if (scope->row != row || scope->col != col)
        scope->at = direction > 0 ? 0 : tui_scope_count(document) - 1;
}
