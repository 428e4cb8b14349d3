/* SPDX-License-Identifier: MIT
 *
 * All of weft's public headers.
 */
#ifndef WEFT_WEFT_H
#define WEFT_WEFT_H

#include <weft/aggregate.h>
#include <weft/base.h>
#include <weft/bloom.h>
#include <weft/codec.h>
#include <weft/column.h>
#include <weft/ctx.h>
#include <weft/distinct.h>
#include <weft/file.h>
#include <weft/gather.h>
#include <weft/group.h>
#include <weft/hash.h>
#include <weft/index.h>
#include <weft/join.h>
#include <weft/partition.h>
#include <weft/slab.h>

#endif
