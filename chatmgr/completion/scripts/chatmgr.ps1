# Completion of chatmgr in PowerShell. Made by: chatmgr completion show powershell
#
# Every candidate is quoted where it has to be; nothing that stands on the line is run.

Register-ArgumentCompleter -Native -CommandName chatmgr, chatmgr.exe -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $program = @(@PROGRAM@)
    if (Get-Command chatmgr -CommandType Application -ErrorAction SilentlyContinue) { $program = @('chatmgr') }
    $more = @($program | Select-Object -Skip 1)

    $words = @($commandAst.CommandElements | Where-Object { $_.Extent.EndOffset -le $cursorPosition } |
        ForEach-Object {
            $text = $_.Extent.Text
            if ($_ -is [System.Management.Automation.Language.StringConstantExpressionAst]) { $text = $_.Value }
            "'" + $text.Replace("'", "'\''") + "'"
        })
    $count = $words.Count
    if ($wordToComplete) { $count = $count - 1 }

    $kept = $env:_CHATMGR_COMPLETE, $env:COMP_WORDS, $env:COMP_CWORD, [Console]::OutputEncoding
    try {
        $env:_CHATMGR_COMPLETE = 'powershell_complete'
        $env:COMP_WORDS = $words -join ' '
        $env:COMP_CWORD = "$count"
        [Console]::OutputEncoding = [System.Text.Encoding]::UTF8
        $answer = @($null | & $program[0] @more 2>$null)
    } finally {
        $env:_CHATMGR_COMPLETE, $env:COMP_WORDS, $env:COMP_CWORD, [Console]::OutputEncoding = $kept
    }

    for ($at = 0; $at + 2 -lt $answer.Count; $at += 3) {
        $kind, $value, $about = $answer[$at..($at + 2)]
        if ($kind -ne 'plain') { continue }
        $quoted = $value
        if ($value -notmatch '^[\w./:+=-]+$') {
            $quoted = "'" + ($value -replace "(['\u2018\u2019\u201a\u201b])", '$1$1') + "'"
        }
        if ($about -eq '_') { $about = $value }
        [System.Management.Automation.CompletionResult]::new($quoted, $value, 'ParameterValue', $about)
    }
}
