"""The contract type `doors` for import-linter: of a package, only its doors are imported from outside.

`protected` of import-linter wants every private module by name and forgets a new one; this asks the import graph.
"""

from __future__ import annotations

from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class DoorsContract(Contract):
    """`package` and its `doors` (names of modules directly in it); no import can be ignored."""

    type_name = "doors"

    # import-linter puts the parsed values in the fields' places, which their types do not say.
    package: Any = fields.ModuleField()
    doors: Any = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        package = self.package.name
        doors = {f"{package}.{name}" for name in self.doors}
        found = []
        for child in sorted(graph.find_children(package)):
            if child in doors:
                continue
            for module in sorted({child} | graph.find_descendants(child)):
                for importer in sorted(graph.find_modules_that_directly_import(module)):
                    if importer != package and not importer.startswith(f"{package}."):
                        lines = graph.get_import_details(importer=importer, imported=module)
                        found.append((importer, module, [line["line_number"] for line in lines]))
        return ContractCheck(kept=not found, metadata={"found": found, "doors": sorted(doors)})

    def render_broken_contract(self, check: ContractCheck) -> None:
        output.print_error(
            f"Its doors are {', '.join(check.metadata['doors']) or 'none'}. Go through one of them."
        )
        for importer, module, lines in check.metadata["found"]:
            output.print_error(f"- {importer} -> {module} (l.{', '.join(map(str, lines))})", bold=False)
        output.new_line()
