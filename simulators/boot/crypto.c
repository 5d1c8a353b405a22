/* SPDX-License-Identifier: Apache-2.0 */
/* The arithmetic that a boot ROM needs. */
#include <sodium.h>
#include <string.h>

#include "simulators/boot/internal.h"

void boot_digest(const void *bytes, size_t byte_count, uint8_t out[32])
{
	crypto_hash_sha256(out, bytes, byte_count);
}

void boot_key_hash(const uint8_t key[SIM_BOOT_KEY_BYTES], uint8_t out[32])
{
	static const uint8_t prefix[] = ROAD_FW_KEY_DER_PREFIX;
	uint8_t der[ROAD_FW_KEY_DER_BYTES];

	memcpy(der, prefix, sizeof(prefix));
	memcpy(der + sizeof(prefix), key, SIM_BOOT_KEY_BYTES);
	boot_digest(der, sizeof(der), out);
}

bool boot_is_signed(const uint8_t digest[32], const uint8_t signature[64],
		    const uint8_t key[SIM_BOOT_KEY_BYTES])
{
	return crypto_sign_verify_detached(signature, digest, 32, key) == 0;
}
