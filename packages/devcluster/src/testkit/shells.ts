import { globSync } from "node:fs";
import { debianPackages } from "../provision/debian.ts";
import { testProvisioner } from "./test-provisioner.ts";

/** A zsh, and where its parts are: it looks for them where it would be installed. */
export interface Zsh {
  readonly program: string;
  /** For `module_path`. */
  readonly modules: string;
  /** For `fpath`. */
  readonly functions: readonly string[];
}

/** A zsh, unpacked if it is not installed. */
export async function provideZsh(): Promise<Zsh> {
  const step = await debianPackages({
    name: "zsh",
    packages: ["zsh", "zsh-common"],
    provides: { program: "bin/zsh", libraries: "usr/lib", functions: "usr/share/zsh/functions" },
  });
  const { program, libraries, functions } = (await testProvisioner().provide(step)).paths;
  const [modules = ""] = globSync(`${libraries}/*-linux-gnu/zsh/*`);
  return { program, modules, functions: globSync(`${functions}/**/`) };
}

/** A fish, and the folder of the library that it needs. */
export interface Fish {
  readonly program: string;
  /** For `LD_LIBRARY_PATH`. */
  readonly library: string;
}

/** A fish, unpacked if it is not installed. */
export async function provideFish(): Promise<Fish> {
  const step = await debianPackages({
    name: "fish",
    packages: ["fish", "fish-common", "libpcre2-32-0"],
    provides: { program: "usr/bin/fish", libraries: "usr/lib" },
  });
  const { program, libraries } = (await testProvisioner().provide(step)).paths;
  const [library = ""] = globSync(`${libraries}/*-linux-gnu`);
  return { program, library };
}
