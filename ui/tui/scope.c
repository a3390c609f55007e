/* The weight that is looked at. */
#include "tui/scope.h"

#include "tui/document.h"

bool tui_scope_is_placed(const tui_document *document)
{
    return document->scope.is_placed && document->scope.tensor == document->tensor;
}

uint64_t tui_scope_block(const tui_document *document)
{
    return document->scope.col - document->scope.col % QL_STRIP_MOST;
}

size_t tui_scope_count(const tui_document *document)
{
    const uint64_t left = tui_document_tensor(document)->cols - tui_scope_block(document);
    return left < QL_STRIP_MOST ? (size_t)left : QL_STRIP_MOST;
}

tui_wish tui_scope_wish(const tui_document *document)
{
    return (tui_wish) { .row = document->scope.row, .col = tui_scope_block(document), .cols = tui_scope_count(document) };
}

void tui_scope_place(tui_document *document)
{
    const bool can = tui_document_is_exact(document) && document->problem.status == QL_OK;
    tui_scope *scope = &document->scope;
    if (!can || tui_scope_is_placed(document))
        return;
    ql_tensor_place(tui_document_tensor(document), document->shown->report->stats.max_abs_index, &scope->row, &scope->col);
    scope->tensor = document->tensor;
    scope->is_placed = true;
}

void tui_scope_go(tui_document *document, uint64_t row, uint64_t col)
{
    const ql_tensor *tensor = tui_document_tensor(document);
    if (tensor->rows == 0 || tensor->cols == 0)
        return;
    document->scope = (tui_scope) { true, document->tensor, row < tensor->rows ? row : tensor->rows - 1,
                                    col < tensor->cols ? col : tensor->cols - 1 };
}

void tui_scope_move_block(tui_document *document, int direction)
{
    const uint64_t row = document->scope.row, block = tui_scope_block(document);
    const ql_tensor *tensor = tui_document_tensor(document);
    const uint64_t at = document->scope.col - block, last = (tensor->cols - 1) / QL_STRIP_MOST * QL_STRIP_MOST;
    if (!tui_scope_is_placed(document))
        return;
    if (direction > 0 && block < last)
        tui_scope_go(document, row, block + QL_STRIP_MOST + at);
    else if (direction > 0 && row + 1 < tensor->rows)
        tui_scope_go(document, row + 1, at);
    else if (direction < 0 && block > 0)
        tui_scope_go(document, row, block - QL_STRIP_MOST + at);
    else if (direction < 0 && row > 0)
        tui_scope_go(document, row - 1, last + at);
    else
        tui_document_say(document, false, direction > 0 ? "that is the last block" : "that is the first block");
}

void tui_scope_move_weight(tui_document *document, int direction)
{
    const ql_tensor *tensor = tui_document_tensor(document);
    const uint64_t row = document->scope.row, col = document->scope.col;
    if (!tui_scope_is_placed(document))
        return;
    if (direction > 0 ? col + 1 < tensor->cols : col > 0)
        tui_scope_go(document, row, direction > 0 ? col + 1 : col - 1);
    else if (direction > 0 ? row + 1 < tensor->rows : row > 0)
        tui_scope_go(document, direction > 0 ? row + 1 : row - 1, direction > 0 ? 0 : tensor->cols - 1);
    else
        tui_document_say(document, false, direction > 0 ? "that is the last weight" : "that is the first weight");
}
