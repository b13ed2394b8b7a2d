import type { DebianParts } from "./controller-image.ts";

/** Git that reads repositories over HTTPS, for the image of a controller: the program and every library it loads. */
export const gitProgram: DebianParts = {
  packages: [
    "git",
    ...["libbrotli1", "libcom-err2", "libcurl3-gnutls", "libffi8", "libgmp10", "libgnutls30"],
    ...["libgssapi-krb5-2", "libhogweed6", "libidn2-0", "libk5crypto3", "libkeyutils1", "libkrb5-3"],
    ...["libkrb5support0", "libldap-2.5-0", "libnettle8", "libnghttp2-14", "libp11-kit0", "libpcre2-8-0"],
    ...["libpsl5", "librtmp1", "libsasl2-2", "libssh2-1", "libssl3", "libtasn1-6", "libunistring2"],
    ...["libzstd1", "zlib1g"],
  ],
  // What serves repositories, sends mail, speaks other languages, or needs Perl or a shell.
  leftOut: [
    ...["daemon", "http-backend", "http-fetch", "http-push", "imap-send", "sh-i18n--envsubst", "shell"].map(
      (command) => `usr/lib/git-core/git-${command}`,
    ),
    ...["usr/bin/git-shell", "usr/bin/scalar", "usr/lib/git-core/scalar", "usr/lib/git-core/mergetools"],
    ...["bash-completion", "git-core", "gitweb", "perl5"].map((folder) => `usr/share/${folder}`),
    ...["etc/bash_completion.d", "var"],
  ],
};
