/* SPDX-License-Identifier: MIT
 *
 * Joins: an index over the customers' numbers, in which the orders are looked up, inner and left; then the names and
 * amounts of the rows that matched. A join gives numbers of rows, a few at a time; only what is printed is gathered.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <weft/weft.h>

enum { CUSTOMERS = 4, ORDERS = 6, PIECE = 4 };

/* The build side, usually the smaller one: two customers have the number 23. Strings as Arrow lays them out. */
static const int64_t customer_number[CUSTOMERS] = {17, 4, 23, 23};
static const char customer_names[] = "AdaBlaiseCarolDorothy";
static const int32_t customer_offsets[CUSTOMERS + 1] = {0, 3, 9, 14, 21};

/* The probe side: of customer 50 nothing is known, and the last order has no number (bit 5 is 0). A null equals nothing. */
static const int64_t order_customer[ORDERS] = {4, 17, 50, 4, 23, 0};
static const uint8_t order_has_customer = 0x1f;
static const int32_t order_amount[ORDERS] = {250, 99, 10, 31, 700, 5};

/* A piece of the join: build and probe are row numbers of customers and orders, build of an order without a customer is
 * WEFT_NO_ROW, which is gathered as a null. */
static weft_status print_piece(weft_ctx *ctx, const uint32_t *build, const uint32_t *probe, size_t n) {
  const struct weft_column names =
      weft_column_offsets32(customer_names, strlen(customer_names), customer_offsets, CUSTOMERS);
  const struct weft_column amounts = weft_column_fixed(order_amount, WEFT_I32, ORDERS);
  int32_t amount[PIECE], offsets[PIECE + 1];
  char text[PIECE * sizeof customer_names]; /* no name is longer than all; weft_gather_room tells how much it is */
  uint8_t validity[(PIECE + 7) / 8];
  struct weft_buffers of_amounts = {.size = sizeof of_amounts, .values = amount, .values_bytes = sizeof amount};
  struct weft_buffers of_names = {.size = sizeof of_names,
                                  .values = text,
                                  .values_bytes = sizeof text,
                                  .offsets = offsets,
                                  .offset_bytes = sizeof offsets[0],
                                  .validity = validity};

  weft_status status = weft_gather(ctx, WEFT_FORM_VALUES, &amounts, probe, n, &of_amounts);
  if (status == WEFT_OK)
    status = weft_gather(ctx, WEFT_FORM_VALUES, &names, build, n, &of_names);
  if (status != WEFT_OK)
    return status;
  for (size_t i = 0; i < n; i++) {
    printf("  order %" PRIu32 " of %" PRId32 ": ", probe[i], amount[i]);
    if (validity[i / 8] >> i % 8 & 1)
      printf("%.*s\n", (int)(offsets[i + 1] - offsets[i]), text + offsets[i]);
    else
      printf("nobody\n");
  }
  return WEFT_OK;
}

/* One batch of orders here; of more, weft_join_probe and the loop are repeated for each. */
static weft_status print_join(weft_ctx *ctx, weft_index *index, enum weft_join_kind kind) {
  struct weft_column key = weft_column_fixed(order_customer, WEFT_I64, ORDERS);
  key = weft_column_with_validity(key, &order_has_customer, 0);
  uint32_t build[PIECE], probe[PIECE];
  size_t n = 0;
  weft_join *join;
  weft_status status = weft_join_open(ctx, index, kind, &join);
  if (status != WEFT_OK)
    return status;
  status = weft_join_probe(join, &key, 1);
  while (status == WEFT_OK && (status = weft_join_next(join, build, probe, PIECE, &n)) == WEFT_OK && n > 0)
    status = print_piece(ctx, build, probe, n);
  weft_join_close(join);
  return status;
}

static weft_status run(weft_ctx *ctx) {
  const struct weft_column key = weft_column_fixed(customer_number, WEFT_I64, CUSTOMERS);
  weft_index *index;
  weft_status status = weft_index_build(ctx, &key, 1, NULL, &index);
  if (status != WEFT_OK)
    return status;
  printf("inner\n");
  status = print_join(ctx, index, WEFT_JOIN_INNER);
  if (status == WEFT_OK) {
    printf("left\n");
    status = print_join(ctx, index, WEFT_JOIN_LEFT);
  }
  weft_status freed = weft_index_free(index); /* refused while a join is open on it */
  return status == WEFT_OK ? freed : status;
}

int main(void) {
  weft_ctx *ctx = NULL;
  weft_status status = weft_ctx_create(NULL, &ctx);
  if (status == WEFT_OK)
    status = run(ctx);
  if (status != WEFT_OK)
    fprintf(stderr, "join: %s: %s\n", weft_status_text(status), weft_ctx_message(ctx));
  weft_ctx_free(ctx);
  return status == WEFT_OK ? 0 : 1;
}
